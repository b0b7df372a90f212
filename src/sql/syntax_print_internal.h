/* The inside of syntax_print(): shared by syntax_print.c (the work, names, types, queries) and syntax_print_expression.c. Not for other modules. */
#ifndef SQL_SYNTAX_PRINT_INTERNAL_H
#define SQL_SYNTAX_PRINT_INTERNAL_H

#include "syntax.h"

typedef enum part_kind {
    PART_TEXT, /* as it is */
    PART_NODE,
    PART_NAME, /* an identifier, quoted where needed */
    PART_LOWER, /* a function's name */
    PART_STRING, /* in single quotes */
    PART_UPPER, /* the same in upper case */
    PART_INNER /* a CONJUNCTION inside one of its own kind: no parentheses */
} part_kind;

typedef struct part {
    part_kind kind;
    syntax_id node;
    string_view text;
} part;

typedef struct printer {
    const syntax *tree;
    builder *out;
    arena *arena;
    part *work;
    size_t count, capacity;
    bool failed; /* no memory */
} printer;

/* Each puts something on the work, to be written in the order of the calls. */
void printer_add(printer *printer, part part);
void printer_text(printer *printer, const char *text);
void printer_node(printer *printer, syntax_id node); /* 0: nothing */
void printer_name(printer *printer, string_view name);
void printer_source(printer *printer, syntax_id node); /* as it was written */
void printer_list(printer *printer, const syntax_id *nodes, size_t count, const char *separator);
void printer_children(printer *printer, syntax_id list, const char *separator);
/* " WORDS " before a clause that is there. */
void printer_clause(printer *printer, const char *words, syntax_id node);

/* The pieces of an expression; false: the node is none. */
bool printer_expression(printer *printer, syntax_id id);
void printer_conjunction(printer *printer, syntax_id id, bool inner);

#endif
