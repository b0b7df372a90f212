/* Where some bytes first stand in others, in time linear in both whatever they are. */
#ifndef BASE_FIND_H
#define BASE_FIND_H

#include "string.h"

/* A needle of 1 … size bytes in `size` bytes of text: its first place, or SIZE_MAX. */
typedef size_t (*find_kernel)(const char *text, size_t size, const char *needle, size_t needle_size);
/* The one of the processor's level, for loops over many texts. */
find_kernel find_kernel_here(void);

/* An empty needle stands at 0. */
size_t string_find(string_view text, string_view needle);

#endif
