/* The version, from the public header's numbers. */
#include "macros.h"

#define TEXT(x) #x
#define NUMBER_TEXT(x) TEXT(x)

const char *bp_version(void)
{
    return NUMBER_TEXT(BP_VERSION_MAJOR) "." NUMBER_TEXT(BP_VERSION_MINOR) "." NUMBER_TEXT(BP_VERSION_PATCH);
}
