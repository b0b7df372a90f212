/* Sources of files that are named by their path alone are kept as long as the file stays what it was, so that asking it again does not look at its beginning
 * again (dialect and types). */
#include "known_files.h"

#include "base/file.h"

#define MOST_FILES 64

struct known_file {
    string_view path; /* in memory of its own */
    file_identity identity;
    source *source;
    struct known_file *next;
};

static void free_known(session *session, struct known_file *known)
{
    memory *memory = session->context->memory;

    source_release(known->source);
    memory_free(memory, (char *)(uintptr_t)known->path.data, known->path.size);
    memory_delete(memory, known);
}

void session_forget_files(session *session)
{
    while (session->files) {
        struct known_file *next = session->files->next;
        free_known(session, session->files);
        session->files = next;
    }
}

source *known_files_find(session *session, string_view path, const file_identity *identity)
{
    for (struct known_file **at = &session->files; *at; at = &(*at)->next) {
        struct known_file *known = *at;
        if (!string_equal(known->path, path)) continue;
        if (file_identity_equal(&known->identity, identity)) return known->source;
        *at = known->next;
        free_known(session, known);
        return NULL;
    }
    return NULL;
}

/* The newest is first; the oldest goes when there are too many. */
static void forget_oldest(session *session)
{
    struct known_file **at = &session->files;
    size_t count = 0;

    for (; *at && count < MOST_FILES; at = &(*at)->next) count++;
    if (!*at) return;
    free_known(session, *at);
    *at = NULL;
}

bp_status known_files_add(session *session, string_view path, const file_identity *identity, source *source, bp_error *err)
{
    memory *memory = session->context->memory;
    struct known_file *known = memory_new(memory, struct known_file);
    char *copy = memory_allocate(memory, path.size);

    if (!known || !copy) {
        if (known) memory_delete(memory, known);
        memory_free(memory, copy, path.size);
        return error_no_memory(err, memory, path.size);
    }
    memcpy(copy, path.data, path.size);
    *known = (struct known_file){
        .path = {copy, path.size}, .identity = *identity, .source = source_retain(source), .next = session->files};
    session->files = known;
    forget_oldest(session);
    return BP_OK;
}
