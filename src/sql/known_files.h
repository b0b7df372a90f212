/* Sources of files that were read before in this session. */
#ifndef SQL_KNOWN_FILES_H
#define SQL_KNOWN_FILES_H

#include "base/file.h"
#include "session.h"

/* The source of the path, if the file still has that identity; borrowed. NULL: none. */
source *known_files_find(session *session, string_view path, const file_identity *identity);
MUST_USE bp_status known_files_add(session *session, string_view path, const file_identity *identity, source *source,
                                   bp_error *err);

#endif
