/* What the forms of EXPLAIN share. */
#ifndef PLAN_EXPLAIN_INTERNAL_H
#define PLAN_EXPLAIN_INTERNAL_H

#include "plan.h"

/* "JOIN". */
string_view explain_name(const plan_node *node);
/* What there is to say of a node, on one line: "INNER  on a = b". Parts are two blanks apart, two blanks before the first. */
void explain_details(const plan *plan, builder *out, const plan_node *node);

#endif
