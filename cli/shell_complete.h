/* Completion in the shell. */
#ifndef CLI_SHELL_COMPLETE_H
#define CLI_SHELL_COMPLETE_H

#include "cli.h"
#include "edit.h"

/* The words that fit at byte `position`: dot commands and what stands behind them, file names inside quotes, else what bp_complete() finds. */
void shell_complete(sql_session *session, const char *text, size_t size, size_t position, edit_candidates *out);

#endif
