/* An allocator for libraries whose free function does not tell the size: each block carries it in front. `account` is a memory. */
#ifndef IO_CODEC_INTERNAL_H
#define IO_CODEC_INTERNAL_H

#include "base/memory.h"

void *codec_allocate_sized(void *account, size_t size);
void codec_free_sized(void *account, void *pointer);

#endif
