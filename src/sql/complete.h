/* Completion of unfinished statements. */
#ifndef SQL_COMPLETE_H
#define SQL_COMPLETE_H

#include "session.h"

/* Words that fit at byte `position`: tables, views, columns of tables, functions, keywords; those that continue the word before it, ASCII case ignored. */
MUST_USE bp_status sql_complete(session *session, string_view text, size_t position,
                                void (*found)(void *data, const char *word, size_t replace_from), void *data, bp_error *err);

#endif
