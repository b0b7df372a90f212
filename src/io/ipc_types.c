/* The types of IPC's metadata beside the format strings of the C data interface: ipc_types.def as tables. */
#include "ipc_internal.h"

const ipc_type_parameters ipc_parameters[IPC_TYPE_COUNT] = {
#define TYPE(name, number, width0, default0, width1, default1) [number] = {{width0, width1}, {default0, default1}},
#include "ipc_types.def"
};

static const ipc_known_format formats[] = {
#define FORMAT(format, type, value0, value1) {format, IPC_TYPE_##type, {value0, value1}},
#include "ipc_types.def"
};

const ipc_known_format *ipc_format_of_text(string_view format)
{
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++)
        if (string_equal(string_view_of(formats[i].format), format)) return &formats[i];
    return NULL;
}

const ipc_known_format *ipc_format_of_type(ipc_type type, const int64_t values[2])
{
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        const ipc_known_format *known = &formats[i];
        if (known->type == type && (!ipc_parameters[type].width[0] || known->values[0] == values[0]) &&
            (!ipc_parameters[type].width[1] || known->values[1] == values[1]))
            return known;
    }
    return NULL;
}
