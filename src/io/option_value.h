/* What a constant given for an option means: row 0 of a column. False: it is no such value, or NULL. */
#ifndef IO_OPTION_VALUE_H
#define IO_OPTION_VALUE_H

#include "column/column.h"

/* A VARCHAR; borrowed. */
bool option_text(const column *value, string_view *out);
/* A BOOLEAN, or the text true or false. */
bool option_bool(const column *value, bool *out);

#endif
