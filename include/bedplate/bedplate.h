/* Bedplate: one C library under data and AI work. This header includes all others. */
#ifndef BEDPLATE_H
#define BEDPLATE_H

#include "arrow.h"
#include "core.h"
#include "sql.h"

#endif
