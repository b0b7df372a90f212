/* Any bytes as an Arrow file or stream: nothing may crash, columns are valid, and two ways of cutting the rows into morsels and batches give the same. */
#include "io/ipc.h"
#include "source_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    string_view paths[1];
    ipc_read_options options;
    source *source = NULL;

    if (size > 1 << 16) return 0;
    if (!context) begin("ipc");
    write_input(data, size);
    paths[0] = string_view_of(path);
    ipc_read_options_init(&options);
    if (ipc_source_new(&source, context, paths, 1, &options, NULL) == BP_OK) {
        read_both_ways(source);
        source_release(source);
    }
    REQUIRE(bp_context_memory_used(context) < (size_t)16 << 20); /* nothing is left lying about */
    return 0;
}
