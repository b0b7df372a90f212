/* SQL text to tokens: one statement at a time, up to its semicolon. Tokens carry positions only; the parser decodes what it keeps. */
#ifndef SQL_LEXER_H
#define SQL_LEXER_H

#include "base/arena.h"
#include "base/error.h"
#include "base/string.h"

/* The rows of keywords.def. */
typedef enum sql_keyword {
    NO_KEYWORD,
#define LETTER(letter)
#define KEYWORD(word, class) KEYWORD_##word,
#include "keywords.def"
#undef KEYWORD
#undef LETTER
    KEYWORD_COUNT
} sql_keyword;

typedef enum keyword_class { KEYWORD_UNRESERVED, KEYWORD_COLUMN_CLASS, KEYWORD_FUNCTION_CLASS, KEYWORD_RESERVED } keyword_class;

/* The keyword that `word` is in any case, or NO_KEYWORD. */
sql_keyword keyword_find(string_view word);
/* "SELECT". Keywords run from 1 to KEYWORD_COUNT - 1 in alphabetical order: completion looks through them. */
string_view keyword_text(sql_keyword keyword);
keyword_class keyword_class_of(sql_keyword keyword);

/* Kinds of tokens; ( ) [ ] { } , ; : . # ? have their own byte as kind. */
typedef enum token_kind {
    TOKEN_END,
    TOKEN_WORD, /* unquoted name or keyword: `word` is the sql_keyword */
    TOKEN_QUOTED, /* "name" */
    TOKEN_INTEGER, /* 1_000 */
    TOKEN_DECIMAL, /* 1.5 .5 5. */
    TOKEN_DOUBLE, /* 1e5 */
    TOKEN_STRING, /* 'it''s' */
    TOKEN_ESCAPED, /* E'a\n' */
    TOKEN_DOLLAR, /* $$text$$, $tag$text$tag$ */
    TOKEN_BLOB, /* x'00ff' */
    TOKEN_PARAMETER, /* $1 $name; a lone ? is '?' */
    TOKEN_OPERATOR, /* `word` is the syntax_operator */
    TOKEN_CAST, /* :: */
    TOKEN_ASSIGN, /* := */
    TOKEN_ARROW /* => */
} token_kind;

typedef struct token {
    uint8_t kind; /* token_kind, or a byte of punctuation */
    uint8_t plain; /* TOKEN_QUOTED, TOKEN_STRING, numbers: 1 when the text between the quotes needs no decoding */
    uint16_t word;
    uint32_t begin; /* bytes [begin, end) of the text, quotes included */
    uint32_t end;
    uint32_t match; /* '(': the index of its ')' when that is greater than its own index, else it is not closed */
} token;

typedef struct token_list {
    token *tokens; /* the last is TOKEN_END */
    uint32_t count;
    uint32_t capacity;
    uint32_t consumed; /* bytes of text up to and with the semicolon */
} token_list;

/* The tokens of the first statement of `text` (empty statements before it are skipped), which is at most LIMIT_SQL_SIZE bytes.
 * list->tokens and capacity may come with room of the caller's; more is taken from the arena. BP_SYNTAX_ERROR with position: a quote,
 * comment or dollar quote that does not end, a byte that begins nothing, text that is not UTF-8; list->consumed is then text.size. */
MUST_USE bp_status lexer_run(token_list *list, arena *arena, string_view text, bp_error *err);

/* What a token says: a name without quotes, a string decoded, a number without underscores. data NULL: no memory, or (err says so) an
 * escape that is none. Text that needs no decoding is a view of `text`. */
MUST_USE bp_status token_decode(string_view *out, const token *token, string_view text, arena *arena, bp_error *err);

/* Whether `text` ends where a statement may end: nothing is open (quotes, comments, dollar quotes), and the last thing that is no comment
 * or white space is a semicolon. A shell runs what it has when this is true, else asks for another line. */
bool sql_statement_is_complete(string_view text);

/* Text cut into pieces without judging it: for colours, and to find where statements end. PIECE_BAD: a byte that begins nothing. */
typedef enum sql_piece {
    PIECE_END,
    PIECE_SPACE,
    PIECE_COMMENT,
    PIECE_KEYWORD,
    PIECE_NAME,
    PIECE_NUMBER,
    PIECE_STRING,
    PIECE_PARAMETER,
    PIECE_OPERATOR,
    PIECE_SEMICOLON,
    PIECE_BAD
} sql_piece;

/* The piece that begins at `position`, and where it ends. *open: more text could still belong to it (a string without its closing quote, a
 * comment in the last line). */
sql_piece lexer_piece(string_view text, size_t position, size_t *end, bool *open);

#endif
