/* Shared libraries at run time: dlopen with local symbols, so that what is opened cannot replace anything of the process. */
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* "a, b, c", cut when it does not fit. */
static void list_names(char *text, size_t size, const char *const *names, size_t count)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        int written = snprintf(text + used, size - used, "%s%s", i ? ", " : "", names[i]);
        if (written < 0) break;
        used += (size_t)written;
    }
}

bp_status library_open(library *out, const char *const *names, size_t count, bp_error *err)
{
    char tried[400];
    const char *reason;

    for (size_t i = 0; i < count; i++)
        if ((out->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL))) return BP_OK;
    out->handle = NULL;
    list_names(tried, sizeof tried, names, count);
    reason = count ? dlerror() : NULL;
    return error_set(err, BP_NOT_FOUND, "no shared library of these could be loaded: %s (%s)", tried,
                     reason ? reason : "no reason given");
}

library_function library_find(const library *library, const char *name)
{
    library_function function = NULL;
    void *symbol = library->handle ? dlsym(library->handle, name) : NULL;

    _Static_assert(sizeof symbol == sizeof function, "a function's address is no larger than an object's");
    memcpy(&function, &symbol, sizeof function); /* ISO C has no cast between the two kinds of pointer */
    return function;
}

void library_close(library *library)
{
    if (library->handle) dlclose(library->handle);
    library->handle = NULL;
}
