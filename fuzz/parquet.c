/* Any bytes as a Parquet file: nothing may crash, columns are valid, and two ways of cutting the rows into morsels and batches give the same. */
#include "io/parquet.h"
#include "source_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void both_ways(void)
{
    string_view paths[1] = {string_view_of(path)};
    parquet_options options;
    source *source = NULL;

    parquet_options_init(&options);
    if (parquet_source_new(&source, context, paths, 1, &options, NULL)) return;
    read_both_ways(source);
    source_release(source);
    for (parquet_fact fact = PARQUET_SCHEMA; fact <= PARQUET_KV_METADATA; fact++)
        if (parquet_facts_new(&source, context, paths, 1, fact, NULL) == BP_OK) source_release(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16) return 0;
    if (!context) begin("parquet");
    write_input(data, size);
    both_ways();
    REQUIRE(bp_context_memory_used(context) < (size_t)16 << 20); /* nothing is left lying about */
    return 0;
}
