/* What glob.c and glob_match.c share. */
#ifndef BASE_GLOB_INTERNAL_H
#define BASE_GLOB_INTERNAL_H

#include "string.h"

/* One name against one component of a pattern: * ? [ ] and escapes, and the rule about leading dots. */
bool glob_match_component(string_view pattern, string_view text);
/* The component behind *at, which moves to its end; empty ones are passed over. False: there is none. */
bool glob_next_component(string_view path, size_t *at, string_view *out);
bool glob_is_double_star(string_view component);

#endif
