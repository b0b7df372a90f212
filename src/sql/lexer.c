/* The lexer: a byte class decides what begins, one function a kind of token.
 *
 * Keywords are found by binary search among those with the same first letter (at most 5 comparisons). Operators are found by longest
 * match in one table, since few begin alike. Bytes over 127 count as letters, and the whole statement is checked to be UTF-8 once. */
#include "lexer.h"

#include "base/config.h"
#include "syntax.h"
#include "text/utf8.h"

/* Keywords --------------------------------------------------------------------------------------------------------------------- */
static const string_view keyword_texts[KEYWORD_COUNT] = {
#define LETTER(letter)
#define KEYWORD(word, class) [KEYWORD_##word] = {#word, sizeof #word - 1},
#include "keywords.def"
#undef KEYWORD
#undef LETTER
};

static const uint8_t keyword_classes[KEYWORD_COUNT] = {
#define CLASS_UNRESERVED KEYWORD_UNRESERVED
#define CLASS_COLUMN KEYWORD_COLUMN_CLASS
#define CLASS_FUNCTION KEYWORD_FUNCTION_CLASS
#define CLASS_RESERVED KEYWORD_RESERVED
#define LETTER(letter)
#define KEYWORD(word, class) [KEYWORD_##word] = CLASS_##class,
#include "keywords.def"
#undef KEYWORD
#undef LETTER
};

/* FIRST_X: the first keyword from letter X on. An enumerator goes on from the one before it, so the letters are set back by one. */
enum {
    FIRST_BEGIN,
#define LETTER(letter) FIRST_##letter, BACK_##letter = FIRST_##letter - 1,
#define KEYWORD(word, class) FIRST_OF_##word,
#include "keywords.def"
#undef KEYWORD
#undef LETTER
    FIRST_END
};

static const uint16_t keyword_begin[27] = {
    FIRST_A, FIRST_B, FIRST_C, FIRST_D, FIRST_E, FIRST_F, FIRST_G, FIRST_H, FIRST_I, FIRST_J, FIRST_K, FIRST_L, FIRST_M,   FIRST_N,
    FIRST_O, FIRST_P, FIRST_Q, FIRST_R, FIRST_S, FIRST_T, FIRST_U, FIRST_V, FIRST_W, FIRST_X, FIRST_Y, FIRST_Z, FIRST_END,
};
_Static_assert((int)FIRST_END == (int)KEYWORD_COUNT, "a letter starts with the number of its first keyword");

#define KEYWORD_LENGTH 16 /* of the longest keyword, rounded up */

sql_keyword keyword_find(string_view word)
{
    char upper[KEYWORD_LENGTH];
    size_t low, high;

    if (word.size < 2 || word.size > KEYWORD_LENGTH || !ascii_is_alpha((unsigned char)word.data[0])) return NO_KEYWORD;
    for (size_t i = 0; i < word.size; i++) upper[i] = (char)ascii_upper((unsigned char)word.data[i]);
    low = keyword_begin[upper[0] - 'A'];
    high = keyword_begin[upper[0] - 'A' + 1];
    while (low < high) {
        size_t middle = (low + high) / 2;
        string_view keyword = keyword_texts[middle];
        size_t shorter = keyword.size < word.size ? keyword.size : word.size;
        int order = memcmp(upper, keyword.data, shorter);

        if (order == 0 && keyword.size == word.size) return (sql_keyword)middle;
        if (order > 0 || (order == 0 && word.size > keyword.size))
            low = middle + 1;
        else
            high = middle;
    }
    return NO_KEYWORD;
}

string_view keyword_text(sql_keyword keyword)
{
    return keyword_texts[keyword];
}

keyword_class keyword_class_of(sql_keyword keyword)
{
    return (keyword_class)keyword_classes[keyword];
}

/* Operators -------------------------------------------------------------------------------------------------------------------- */
static const struct operator_text {
    string_view text;
    uint16_t operator;
} operator_texts[] = {
#define OPERATOR(name, spelling, precedence, prefix) {{spelling, sizeof spelling - 1}, OPERATOR_##name},
#include "operators.def"
#undef OPERATOR
    {{"==", 2}, OPERATOR_EQUAL},
    {{"<>", 2}, OPERATOR_NOT_EQUAL},
    {{"**", 2}, OPERATOR_POWER},
};

/* The longest operator that `text` begins with. */
static const struct operator_text *operator_find(string_view text)
{
    const struct operator_text *best = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(operator_texts); i++) {
        const struct operator_text *row = &operator_texts[i];

        if (row->text.data[0] == text.data[0] && string_starts_with(text, row->text) && (!best || row->text.size > best->text.size))
            best = row;
    }
    return best;
}

static bool is_operator_byte(unsigned char c)
{
    return c != '\0' && c < 128 && strchr("+-*/%<>=~!@&|^", c) != NULL;
}

/* Operators of one byte, met far more often than the others. */
static uint16_t operator_of_byte(char c)
{
    switch (c) {
    case '+': return OPERATOR_ADD;
    case '-': return OPERATOR_SUBTRACT;
    case '*': return OPERATOR_MULTIPLY;
    case '/': return OPERATOR_DIVIDE;
    case '=': return OPERATOR_EQUAL;
    case '<': return OPERATOR_LESS;
    case '>': return OPERATOR_GREATER;
    case '%': return OPERATOR_MODULO;
    default: return OPERATOR_NONE;
    }
}

/* Scanning --------------------------------------------------------------------------------------------------------------------- */
typedef struct scanner {
    string_view text;
    size_t position;
    size_t failed_at; /* where the trouble begins */
    const char *trouble; /* NULL: none */
} scanner;

static unsigned char byte_at(const scanner *scan, size_t position)
{
    return position < scan->text.size ? (unsigned char)scan->text.data[position] : '\0';
}

static bool scan_trouble(scanner *scan, size_t position, const char *trouble)
{
    scan->failed_at = position;
    scan->trouble = trouble;
    scan->position = scan->text.size;
    return false;
}

static bool is_name_start(unsigned char c)
{
    return ascii_is_alpha(c) || c == '_' || c >= 128;
}

static bool is_name_byte(unsigned char c)
{
    return is_name_start(c) || ascii_is_digit(c) || c == '$';
}

/* Bytes of a space outside ASCII that comes with pasted text: U+00A0, U+2000 … U+200B, U+202F, U+3000, U+FEFF; else 0. */
static size_t unicode_space_size(const scanner *scan, size_t position)
{
    unsigned char a = byte_at(scan, position), b = byte_at(scan, position + 1), c = byte_at(scan, position + 2);

    if (a == 0xc2 && b == 0xa0) return 2;
    if (a == 0xe2 && b == 0x80 && ((c >= 0x80 && c <= 0x8b) || c == 0xaf)) return 3;
    if (a == 0xe3 && b == 0x80 && c == 0x80) return 3;
    if (a == 0xef && b == 0xbb && c == 0xbf) return 3;
    return 0;
}

static void skip_line(scanner *scan)
{
    const char *end = memchr(scan->text.data + scan->position, '\n', scan->text.size - scan->position);

    scan->position = end ? (size_t)(end - scan->text.data) + 1 : scan->text.size;
}

/* A comment in slashes and stars, which may hold others. */
static bool skip_block_comment(scanner *scan)
{
    size_t begin = scan->position, depth = 0;

    while (scan->position < scan->text.size) {
        unsigned char c = byte_at(scan, scan->position), next = byte_at(scan, scan->position + 1);

        if (c == '/' && next == '*') {
            depth++;
            scan->position += 2;
        } else if (c == '*' && next == '/') {
            scan->position += 2;
            if (--depth == 0) return true;
        } else {
            scan->position++;
        }
    }
    return scan_trouble(scan, begin, "a comment is not closed: */ is missing");
}

static bool skip_space(scanner *scan)
{
    while (scan->position < scan->text.size) {
        unsigned char c = byte_at(scan, scan->position), next = byte_at(scan, scan->position + 1);
        size_t wide;

        if (ascii_is_space(c)) {
            scan->position++;
        } else if (c == '-' && next == '-') {
            skip_line(scan);
        } else if (c == '/' && next == '*') {
            if (!skip_block_comment(scan)) return false;
        } else if (c >= 128 && (wide = unicode_space_size(scan, scan->position)) > 0) {
            scan->position += wide;
        } else {
            break;
        }
    }
    return true;
}

/* From behind the opening quote to behind the closing one; two quotes, and behind a backslash any byte, stand for themselves. */
static bool scan_quoted(scanner *scan, token *token, char quote, bool backslash, const char *trouble)
{
    token->plain = 1;
    while (scan->position < scan->text.size) {
        char c = scan->text.data[scan->position++];

        if (c == '\\' && backslash && scan->position < scan->text.size) {
            scan->position++;
        } else if (c == quote) {
            if (byte_at(scan, scan->position) != (unsigned char)quote) return true;
            token->plain = 0;
            scan->position++;
        }
    }
    return scan_trouble(scan, token->begin, trouble);
}

/* $1, $name, $$text$$, $tag$text$tag$; position is at the first dollar. */
static bool scan_dollar(scanner *scan, token *token)
{
    size_t begin = scan->position++, tag_end;
    string_view tag;

    if (ascii_is_digit(byte_at(scan, scan->position))) {
        while (ascii_is_digit(byte_at(scan, scan->position))) scan->position++;
        token->kind = TOKEN_PARAMETER;
        return true;
    }
    tag_end = scan->position;
    while (is_name_byte(byte_at(scan, tag_end)) && byte_at(scan, tag_end) != '$') tag_end++;
    if (byte_at(scan, tag_end) != '$') {
        if (tag_end == scan->position) return scan_trouble(scan, begin, "$ must be followed by the number or name of a parameter");
        scan->position = tag_end;
        token->kind = TOKEN_PARAMETER;
        return true;
    }
    tag = string_view_slice(scan->text, begin, tag_end + 1);
    token->kind = TOKEN_DOLLAR;
    for (size_t i = tag_end + 1; i + tag.size <= scan->text.size; i++) {
        const char *dollar = memchr(scan->text.data + i, '$', scan->text.size - i);

        if (!dollar) break;
        i = (size_t)(dollar - scan->text.data);
        if (i + tag.size > scan->text.size) break;
        if (memcmp(dollar, tag.data, tag.size) == 0) {
            scan->position = i + tag.size;
            return true;
        }
    }
    return scan_trouble(scan, begin, "a dollar-quoted string is not closed");
}

static void scan_digits(scanner *scan, token *token)
{
    for (;;) {
        unsigned char c = byte_at(scan, scan->position);

        if (ascii_is_digit(c)) {
            scan->position++;
        } else if (c == '_' && ascii_is_digit(byte_at(scan, scan->position + 1))) {
            token->plain = 0;
            scan->position++;
        } else {
            return;
        }
    }
}

static void scan_number(scanner *scan, token *token)
{
    size_t exponent;

    token->kind = TOKEN_INTEGER;
    token->plain = 1;
    scan_digits(scan, token);
    if (byte_at(scan, scan->position) == '.') {
        token->kind = TOKEN_DECIMAL;
        scan->position++;
        scan_digits(scan, token);
    }
    if ((byte_at(scan, scan->position) | 0x20) != 'e') return;
    exponent = scan->position + 1;
    if (byte_at(scan, exponent) == '+' || byte_at(scan, exponent) == '-') exponent++;
    if (!ascii_is_digit(byte_at(scan, exponent))) return;
    token->kind = TOKEN_DOUBLE;
    scan->position = exponent;
    scan_digits(scan, token);
}

static bool scan_word(scanner *scan, token *token)
{
    size_t begin = scan->position;
    unsigned char first = byte_at(scan, begin) | 0x20;

    if (byte_at(scan, begin + 1) == '\'' && (first == 'e' || first == 'x')) {
        scan->position += 2;
        token->kind = first == 'e' ? TOKEN_ESCAPED : TOKEN_BLOB;
        return scan_quoted(scan, token, '\'', first == 'e', "a string is not closed: ' is missing");
    }
    while (is_name_byte(byte_at(scan, scan->position)) &&
           !(byte_at(scan, scan->position) >= 128 && unicode_space_size(scan, scan->position)))
        scan->position++;
    token->kind = TOKEN_WORD;
    token->word = (uint16_t)keyword_find(string_view_slice(scan->text, begin, scan->position));
    return true;
}

static bool scan_operator(scanner *scan, token *token)
{
    size_t position = scan->position;
    unsigned char next = byte_at(scan, position + 1);
    const struct operator_text *found;

    token->kind = TOKEN_OPERATOR;
    if (!is_operator_byte(next) && (token->word = operator_of_byte(scan->text.data[position])) != OPERATOR_NONE) {
        scan->position++;
        return true;
    }
    if (byte_at(scan, position) == '=' && next == '>') {
        token->kind = TOKEN_ARROW;
        scan->position += 2;
        return true;
    }
    found = operator_find(string_view_slice(scan->text, position, scan->text.size));
    if (!found) return scan_trouble(scan, position, "unknown operator");
    token->word = found->operator;
    scan->position += found->text.size;
    return true;
}

static bool scan_punctuation(scanner *scan, token *token)
{
    unsigned char c = byte_at(scan, scan->position);

    if (c == ':' && (byte_at(scan, scan->position + 1) == ':' || byte_at(scan, scan->position + 1) == '=')) {
        token->kind = byte_at(scan, scan->position + 1) == ':' ? TOKEN_CAST : TOKEN_ASSIGN;
        scan->position += 2;
        return true;
    }
    if (c == '\0' || !strchr("()[]{},;:.#?", c))
        return scan_trouble(scan, scan->position, "a character that begins nothing in SQL");
    token->kind = c;
    scan->position++;
    return true;
}

/* One token from a position that is not white space. */
static bool scan_token(scanner *scan, token *token)
{
    unsigned char c = byte_at(scan, scan->position);
    bool done;

    *token = (struct token){.begin = (uint32_t)scan->position};
    if (is_name_start(c)) {
        done = scan_word(scan, token);
    } else if (ascii_is_digit(c) || (c == '.' && ascii_is_digit(byte_at(scan, scan->position + 1)))) {
        scan_number(scan, token);
        done = true;
    } else if (c == '\'' || c == '"') {
        token->kind = c == '"' ? TOKEN_QUOTED : TOKEN_STRING;
        scan->position++;
        done = scan_quoted(scan, token, (char)c, false,
                           c == '"' ? "a quoted name is not closed: \" is missing" : "a string is not closed: ' is missing");
    } else if (c == '$') {
        done = scan_dollar(scan, token);
    } else if (is_operator_byte(c)) {
        done = scan_operator(scan, token);
    } else {
        done = scan_punctuation(scan, token);
    }
    token->end = (uint32_t)scan->position;
    return done;
}

/* UTF-8 ------------------------------------------------------------------------------------------------------------------------ */
/* Bytes of the well-formed character at text.data[position] (Unicode 15, table 3-7), or 0. */
static size_t character_size(string_view text, size_t position)
{
    const unsigned char *bytes = (const unsigned char *)text.data + position;
    size_t left = text.size - position, size;
    unsigned char low = 0x80, high = 0xbf;

    if (bytes[0] < 0x80) return 1;
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4) return 0;
    size = bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (left < size) return 0;
    if (bytes[0] == 0xe0) low = 0xa0;
    if (bytes[0] == 0xed) high = 0x9f;
    if (bytes[0] == 0xf0) low = 0x90;
    if (bytes[0] == 0xf4) high = 0x8f;
    if (bytes[1] < low || bytes[1] > high) return 0;
    for (size_t i = 2; i < size; i++)
        if (bytes[i] < 0x80 || bytes[i] > 0xbf) return 0;
    return size;
}

/* The first byte that is not UTF-8, or text.size. */
static size_t find_invalid(string_view text)
{
    size_t position = 0;

    while (position < text.size) {
        uint64_t word;
        size_t size;

        if (text.size - position >= 8) {
            memcpy(&word, text.data + position, 8);
            if (!(word & 0x8080808080808080u)) {
                position += 8;
                continue;
            }
        }
        size = character_size(text, position);
        if (!size) break;
        position += size;
    }
    return position;
}

/* The list of tokens ----------------------------------------------------------------------------------------------------------- */
static bool list_grow(token_list *list, arena *arena)
{
    uint32_t capacity = list->capacity < 64 ? 128 : list->capacity * 4; /* few copies: the old ones stay in the arena */
    token *tokens = arena_new_array(arena, token, capacity);

    if (!tokens) return false;
    if (list->count) memcpy(tokens, list->tokens, list->count * sizeof *tokens);
    list->tokens = tokens;
    list->capacity = capacity;
    return true;
}

/* Join '(' and ')': while a bracket is open its `match` is the index before the one around it. */
static void match_brackets(token_list *list, uint32_t *open)
{
    token *last = &list->tokens[list->count - 1];

    if (last->kind == '(') {
        last->match = *open;
        *open = list->count - 1;
    } else if (last->kind == ')' && *open != UINT32_MAX) {
        uint32_t outer = list->tokens[*open].match;

        list->tokens[*open].match = list->count - 1;
        *open = outer;
    }
}

/* What was never closed points nowhere. */
static void unmatch_open(token_list *list, uint32_t open)
{
    while (open != UINT32_MAX) {
        uint32_t outer = list->tokens[open].match;

        list->tokens[open].match = 0;
        open = outer;
    }
}

static bp_status check_utf8(string_view text, bp_error *err)
{
    size_t invalid = find_invalid(text);

    if (invalid == text.size) return BP_OK;
    return error_set_at(err, BP_SYNTAX_ERROR, invalid, "the SQL text is not UTF-8: byte 0x%02x at %zu",
                        (unsigned char)text.data[invalid], invalid);
}

bp_status lexer_run(token_list *list, arena *arena, string_view text, bp_error *err)
{
    scanner scan = {.text = text};
    uint32_t open = UINT32_MAX;
    bp_status status;

    list->count = 0;
    for (;;) {
        token *token;

        if (list->count + 1 >= list->capacity && !list_grow(list, arena))
            return error_no_memory(err, arena->memory, (size_t)list->capacity * 4 * sizeof *list->tokens);
        token = &list->tokens[list->count];
        if (!skip_space(&scan) || scan.position == text.size) break;
        if (!scan_token(&scan, token)) break;
        if (token->kind == ';') {
            if (list->count == 0) continue; /* an empty statement */
            scan.position = token->begin + 1;
            break;
        }
        list->count++;
        match_brackets(list, &open);
    }
    unmatch_open(list, open);
    list->consumed = (uint32_t)scan.position;
    list->tokens[list->count] = (token){.kind = TOKEN_END, .begin = list->consumed, .end = list->consumed};
    if (scan.position > 0 && list->count > 0 && text.data[scan.position - 1] == ';' && !scan.trouble) {
        list->tokens[list->count].begin--;
        list->tokens[list->count].end--;
    }
    list->count++;
    if ((status = check_utf8(string_view_slice(text, 0, scan.position), err))) return status;
    if (scan.trouble) return error_set_at(err, BP_SYNTAX_ERROR, scan.failed_at, "syntax error: %s", scan.trouble);
    return BP_OK;
}

bool sql_statement_is_complete(string_view text)
{
    scanner scan = {.text = text};
    bool semicolon = false;

    while (skip_space(&scan) && scan.position < text.size) {
        token token;

        if (!scan_token(&scan, &token)) {
            /* What is open needs more lines; what can never be right is best reported now. */
            if (byte_at(&scan, scan.failed_at) == '\'' || byte_at(&scan, scan.failed_at) == '"' || strstr(scan.trouble, "closed"))
                return false;
            return text.data[text.size - 1] == ';';
        }
        semicolon = token.kind == ';';
    }
    return semicolon && !scan.trouble;
}

/* Pieces ----------------------------------------------------------------------------------------------------------------------- */
static sql_piece piece_of_token(const token *token)
{
    switch (token->kind) {
    case TOKEN_WORD: return token->word != NO_KEYWORD ? PIECE_KEYWORD : PIECE_NAME;
    case TOKEN_QUOTED: return PIECE_NAME;
    case TOKEN_INTEGER:
    case TOKEN_DECIMAL:
    case TOKEN_DOUBLE: return PIECE_NUMBER;
    case TOKEN_STRING:
    case TOKEN_ESCAPED:
    case TOKEN_DOLLAR:
    case TOKEN_BLOB: return PIECE_STRING;
    case TOKEN_PARAMETER:
    case '?': return PIECE_PARAMETER;
    case ';': return PIECE_SEMICOLON;
    default: return PIECE_OPERATOR;
    }
}

/* One piece of white space, or one comment. */
static sql_piece space_piece(scanner *scan, bool *open)
{
    unsigned char c = byte_at(scan, scan->position);

    if (c == '-') {
        skip_line(scan);
        *open = scan->text.data[scan->position - 1] != '\n';
        return PIECE_COMMENT;
    }
    if (c == '/') {
        *open = !skip_block_comment(scan);
        return PIECE_COMMENT;
    }
    while (scan->position < scan->text.size) {
        size_t wide = unicode_space_size(scan, scan->position);

        if (!wide && !ascii_is_space(byte_at(scan, scan->position))) break;
        scan->position += wide ? wide : 1;
    }
    return PIECE_SPACE;
}

sql_piece lexer_piece(string_view text, size_t position, size_t *end, bool *open)
{
    scanner scan = {.text = text, .position = position};
    unsigned char c = byte_at(&scan, position), next = byte_at(&scan, position + 1);
    sql_piece piece;
    token token;

    *open = false;
    *end = text.size;
    if (position >= text.size) return PIECE_END;
    if (ascii_is_space(c) || (c == '-' && next == '-') || (c == '/' && next == '*') || unicode_space_size(&scan, position)) {
        piece = space_piece(&scan, open);
        *end = scan.position;
        return piece;
    }
    if (scan_token(&scan, &token)) {
        *end = scan.position;
        return piece_of_token(&token);
    }
    *open = strstr(scan.trouble, "closed") != NULL;
    if (!*open) *end = position + 1;
    return *open ? piece_of_token(&token) : PIECE_BAD;
}

/* Decoding --------------------------------------------------------------------------------------------------------------------- */
static unsigned hex_value(unsigned char c)
{
    if (ascii_is_digit(c)) return (unsigned)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Up to `most` digits of a base into *code; returns how many there were. */
static size_t read_code(string_view inner, size_t position, unsigned base, size_t most, uint32_t *code)
{
    size_t count = 0;

    *code = 0;
    while (count < most && position + count < inner.size) {
        unsigned digit = hex_value((unsigned char)inner.data[position + count]);

        if (digit >= base) break;
        *code = *code * base + digit;
        count++;
    }
    return count;
}

/* The escape behind a backslash at inner.data[position]: writes its bytes, returns how many bytes of `inner` it took, 0: it is none. */
static size_t decode_escape(string_view inner, size_t position, char *out, size_t *out_size)
{
    static const char letters[] = "nnttrrbbff", values[] = "\n\n\t\t\r\r\b\b\f\f";
    char c = inner.data[position];
    const char *letter = c ? strchr(letters, c) : NULL;
    size_t digits, wanted;
    uint32_t code;

    if (c == 'x' || (c >= '0' && c <= '7')) {
        digits = c == 'x' ? read_code(inner, position + 1, 16, 2, &code) : read_code(inner, position, 8, 3, &code);
        if (digits == 0 || code > 127) return 0;
        *out_size += utf8_encode(out + *out_size, code);
        return digits + (c == 'x');
    }
    if (c == 'u' || c == 'U') {
        wanted = c == 'u' ? 4 : 8;
        if (read_code(inner, position + 1, 16, wanted, &code) != wanted || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return 0;
        *out_size += utf8_encode(out + *out_size, code);
        return wanted + 1;
    }
    out[(*out_size)++] = letter ? values[letter - letters] : c;
    return 1;
}

/* Escapes get shorter by decoding, so inner.size bytes are enough. */
static bp_status decode_quoted(string_view *out, const token *token, string_view inner, char quote, arena *arena, bp_error *err)
{
    char *copy = arena_allocate_aligned(arena, inner.size + 1, 1);
    size_t size = 0;

    if (!copy) return error_no_memory(err, arena->memory, inner.size + 1);
    for (size_t i = 0; i < inner.size;) {
        char c = inner.data[i++];

        if (c == '\\' && token->kind == TOKEN_ESCAPED && i < inner.size) {
            size_t taken = decode_escape(inner, i, copy, &size);

            if (!taken)
                return error_set_at(
                    err, BP_SYNTAX_ERROR, token->begin + 1 + i,
                    "unknown escape in an E'…' string; there are \\n \\t \\r \\b \\f \\\\ \\' \\x41 (to 7f) \\u00e9 \\U0001f600");
            i += taken;
            continue;
        }
        copy[size++] = c;
        if (c == quote) i++;
    }
    *out = (string_view){copy, size};
    return BP_OK;
}

static bp_status decode_number(string_view *out, string_view digits, arena *arena, bp_error *err)
{
    char *copy = arena_allocate_aligned(arena, digits.size, 1);
    size_t size = 0;

    if (!copy) return error_no_memory(err, arena->memory, digits.size);
    for (size_t i = 0; i < digits.size; i++)
        if (digits.data[i] != '_') copy[size++] = digits.data[i];
    *out = (string_view){copy, size};
    return BP_OK;
}

bp_status token_decode(string_view *out, const token *token, string_view text, arena *arena, bp_error *err)
{
    string_view whole = string_view_slice(text, token->begin, token->end);
    size_t tag;

    *out = whole;
    switch (token->kind) {
    case TOKEN_QUOTED:
    case TOKEN_STRING:
        *out = string_view_slice(whole, 1, whole.size - 1);
        return token->plain ? BP_OK : decode_quoted(out, token, *out, whole.data[0], arena, err);
    case TOKEN_ESCAPED: return decode_quoted(out, token, string_view_slice(whole, 2, whole.size - 1), '\'', arena, err);
    case TOKEN_BLOB: *out = string_view_slice(whole, 2, whole.size - 1); return BP_OK;
    case TOKEN_DOLLAR:
        tag = (size_t)((const char *)memchr(whole.data + 1, '$', whole.size - 1) - whole.data) + 1;
        *out = string_view_slice(whole, tag, whole.size - tag);
        return BP_OK;
    case TOKEN_PARAMETER: *out = string_view_slice(whole, 1, whole.size); return BP_OK;
    case TOKEN_INTEGER:
    case TOKEN_DECIMAL:
    case TOKEN_DOUBLE: return token->plain ? BP_OK : decode_number(out, whole, arena, err);
    default: return BP_OK;
    }
}
