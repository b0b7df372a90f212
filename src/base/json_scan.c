/* The structural scan in plain C, and the choice of a level. */
#include "cpu.h"
#include "json_internal.h"

static json_masks block_masks(const char *data)
{
    json_masks masks = {0, 0, 0, 0};

    for (unsigned i = 0; i < JSON_BLOCK; i++) {
        uint64_t bit = UINT64_C(1) << i;

        switch (data[i]) {
        case '\\': masks.backslash |= bit; break;
        case '"': masks.quote |= bit; break;
        case '{':
        case '}':
        case '[':
        case ']':
        case ':':
        case ',': masks.operators |= bit; break;
        case ' ':
        case '\t':
        case '\n':
        case '\r': masks.space |= bit; break;
        default: break;
        }
    }
    return masks;
}

size_t json_scan_plain(const char *data, size_t blocks, json_carry *carry, uint32_t *index)
{
    size_t count = 0;

    for (size_t i = 0; i < blocks; i++)
        count += json_emit(index + count, json_structure(block_masks(data + i * JSON_BLOCK), carry), (uint32_t)(i * JSON_BLOCK));
    return count;
}

size_t json_scan(const char *data, size_t blocks, json_carry *carry, uint32_t *index)
{
#if defined(__x86_64__) && !defined(BEDPLATE_SCALAR)
    cpu_kind level = cpu_level();

    if (level >= CPU_AVX512) return json_scan_avx512(data, blocks, carry, index);
    if (level >= CPU_AVX2) return json_scan_avx2(data, blocks, carry, index);
#endif
    return json_scan_plain(data, blocks, carry, index);
}
