/* Settings: rows of settings.def, read and printed by their kind; the one place that reads the environment.
 *
 * A quantity is digits, perhaps a fraction, and a unit: whole * factor + fraction * factor, in integers, so that what config_get()
 * prints is exactly what config_set() takes. */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "context.h"
#include "machine.h"
#include "string.h"

typedef enum setting_kind {
    KIND_COUNT,
    KIND_BYTES,
    KIND_MEMORY,
    KIND_SPACE,
    KIND_TIME,
    KIND_FLAG,
    KIND_NULLS,
    KIND_SPILL,
    KIND_TEXT
} setting_kind;

static const char *const kind_names[] = {"number", "bytes", "bytes", "bytes", "time", "boolean", "null order", "word", "text"};

typedef struct setting {
    const char *name;
    setting_kind kind;
    size_t offset; /* in config; of no meaning for MEMORY */
    const char *default_text;
    uint64_t least, most;
    const char *text;
} setting;

static const setting settings[] = {
#define SETTING(name, kind, field, default_text, least, most, text)                                                                \
    {#name, KIND_##kind, offsetof(config, field), default_text, least, most, text},
#define ALIAS(name, setting)
#include "settings.def"
#undef SETTING
#undef ALIAS
};

static const struct {
    const char *name, *setting;
} aliases[] = {
#define SETTING(name, kind, field, default_text, least, most, text)
#define ALIAS(name, setting) {#name, #setting},
#include "settings.def"
#undef SETTING
#undef ALIAS
};

const char *config_environment(const char *name)
{
    return getenv(name);
}

/* finding a row ---------------------------------------------------------------------------------------------------------------- */
static string_view name_at(const void *data, size_t index)
{
    (void)data;
    return string_view_of(index < ARRAY_LENGTH(settings) ? settings[index].name : aliases[index - ARRAY_LENGTH(settings)].name);
}

static bp_status find_setting(const setting **out, const char *name, bp_error *err)
{
    string_view wanted = string_view_of(name);

    for (size_t i = 0; i < ARRAY_LENGTH(aliases); i++)
        if (string_equal_nocase(wanted, string_view_of(aliases[i].name))) wanted = string_view_of(aliases[i].setting);
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        if (!string_equal_nocase(wanted, string_view_of(settings[i].name))) continue;
        *out = &settings[i];
        return BP_OK;
    }
    error_set(err, BP_NOT_FOUND, "there is no setting \"%.100s\"", name ? name : "");
    error_suggest(err, wanted, name_at, NULL, ARRAY_LENGTH(settings) + ARRAY_LENGTH(aliases));
    return BP_NOT_FOUND;
}

bool config_row_at(size_t index, config_row *out)
{
    if (index >= ARRAY_LENGTH(settings)) return false;
    *out = (config_row){settings[index].name, kind_names[settings[index].kind], settings[index].text, settings[index].default_text};
    return true;
}

/* reading values --------------------------------------------------------------------------------------------------------------- */
typedef struct unit {
    const char *name;
    uint64_t factor;
} unit;

static const unit no_unit[] = {{"", 1}};
static const unit byte_units[] = {
    {"", 1},
    {"b", 1},
    {"byte", 1},
    {"bytes", 1},
    {"kb", 1000},
    {"mb", 1000000},
    {"gb", 1000000000},
    {"tb", 1000000000000},
    {"k", 1000},
    {"m", 1000000},
    {"g", 1000000000},
    {"t", 1000000000000},
    {"kib", (uint64_t)1 << 10},
    {"mib", (uint64_t)1 << 20},
    {"gib", (uint64_t)1 << 30},
    {"tib", (uint64_t)1 << 40},
};
static const unit time_units[] = {
    {"", 1000},     {"ms", 1},          {"s", 1000},       {"sec", 1000},  {"seconds", 1000},  {"second", 1000},
    {"min", 60000}, {"minutes", 60000}, {"minute", 60000}, {"h", 3600000}, {"hours", 3600000}, {"hour", 3600000},
};

#define FRACTION_DIGITS 9
#define FRACTION_ONE 1000000000u

/* Digits before and behind the point; what is behind them goes to *rest. */
static bool split_quantity(string_view text, uint64_t *whole, uint64_t *fraction, string_view *rest)
{
    size_t i = 0, digits = 0;
    uint64_t place = FRACTION_ONE;

    *whole = 0, *fraction = 0;
    for (; i < text.size && ascii_is_digit((unsigned char)text.data[i]); i++, digits++)
        if (ckd_mul(whole, *whole, 10) || ckd_add(whole, *whole, (uint64_t)(text.data[i] - '0'))) return false;
    if (i < text.size && text.data[i] == '.')
        for (i++; i < text.size && ascii_is_digit((unsigned char)text.data[i]); i++, digits++) {
            place /= 10;
            *fraction += place * (uint64_t)(text.data[i] - '0'); /* digits past the ninth count nothing */
        }
    *rest = string_trim(string_view_slice(text, i, text.size));
    return digits > 0;
}

static bool scale_quantity(uint64_t *out, uint64_t whole, uint64_t fraction, uint64_t factor)
{
    uint128 part = (uint128)fraction * factor;

    if (factor == 1 && part % FRACTION_ONE) return false; /* half a thread */
    return !ckd_mul(out, whole, factor) && !ckd_add(out, *out, (uint64_t)(part / FRACTION_ONE));
}

static bool parse_quantity(uint64_t *out, string_view text, const unit *units, size_t unit_count)
{
    uint64_t whole, fraction;
    string_view rest;

    if (!split_quantity(string_trim(text), &whole, &fraction, &rest)) return false;
    for (size_t i = 0; i < unit_count; i++)
        if (string_equal_nocase(rest, string_view_of(units[i].name))) return scale_quantity(out, whole, fraction, units[i].factor);
    return false;
}

bool config_parse_bytes(string_view text, uint64_t *out)
{
    return parse_quantity(out, text, byte_units, ARRAY_LENGTH(byte_units));
}

static bool parse_word(uint64_t *out, string_view text, const char *const *no, const char *const *yes, size_t count)
{
    text = string_trim(text);
    for (size_t i = 0; i < count; i++) {
        if (string_equal_nocase(text, string_view_of(no[i]))) return *out = 0, true;
        if (string_equal_nocase(text, string_view_of(yes[i]))) return *out = 1, true;
    }
    return false;
}

static bool parse_flag(uint64_t *out, string_view text)
{
    static const char *const no[] = {"false", "off", "no", "0", "f"}, *const yes[] = {"true", "on", "yes", "1", "t"};

    return parse_word(out, text, no, yes, ARRAY_LENGTH(no));
}

static bool parse_nulls(uint64_t *out, string_view text)
{
    static const char *const last[] = {"nulls_last", "last", "nulls last"}, *const first[] = {"nulls_first", "first",
                                                                                              "nulls first"};

    return parse_word(out, text, last, first, ARRAY_LENGTH(last));
}

static bool parse_memory(uint64_t *out, string_view text)
{
    text = string_trim(text);
    if (string_equal_nocase(text, STRING_VIEW("unlimited"))) return *out = SIZE_MAX, true;
    if (string_ends_with(text, STRING_VIEW("%"))) {
        unit percent = {"%", machine_memory() / 100};
        return parse_quantity(out, text, &percent, 1);
    }
    return parse_quantity(out, text, byte_units, ARRAY_LENGTH(byte_units));
}

static const char *const spill_words[] = {[SPILL_AUTO] = "auto", [SPILL_ALWAYS] = "always", [SPILL_NEVER] = "never"};

static bool parse_spill(uint64_t *out, string_view text)
{
    text = string_trim(text);
    for (size_t i = 0; i < ARRAY_LENGTH(spill_words); i++)
        if (string_equal_nocase(text, string_view_of(spill_words[i]))) return *out = i, true;
    return false;
}

static bool parse_space(uint64_t *out, string_view text)
{
    if (string_equal_nocase(string_trim(text), STRING_VIEW("unlimited"))) return *out = UINT64_MAX, true;
    return parse_quantity(out, text, byte_units, ARRAY_LENGTH(byte_units));
}

/* The value as a number; TEXT has none. */
static bool parse_value(uint64_t *out, setting_kind kind, string_view text)
{
    switch (kind) {
    case KIND_COUNT: return parse_quantity(out, text, no_unit, ARRAY_LENGTH(no_unit));
    case KIND_BYTES: return parse_quantity(out, text, byte_units, ARRAY_LENGTH(byte_units));
    case KIND_MEMORY: return parse_memory(out, text);
    case KIND_SPACE: return parse_space(out, text);
    case KIND_SPILL: return parse_spill(out, text);
    case KIND_TIME: return parse_quantity(out, text, time_units, ARRAY_LENGTH(time_units));
    case KIND_FLAG: return parse_flag(out, text);
    case KIND_NULLS: return parse_nulls(out, text);
    case KIND_TEXT: break;
    }
    return false;
}

/* storing ---------------------------------------------------------------------------------------------------------------------- */
static void store_number(config *config, const setting *setting, uint64_t number)
{
    char *field = (char *)config + setting->offset;
    size_t size = setting->kind == KIND_FLAG || setting->kind == KIND_NULLS ? sizeof(bool) : sizeof number;
    bool flag = number != 0;

    /* Every other field is 64 bits: size_t, uint64_t, int64_t. */
    _Static_assert(sizeof(size_t) == sizeof number, "fields of numbers are 64 bits");
    memcpy(field, size == sizeof flag ? (const void *)&flag : (const void *)&number, size);
}

static uint64_t load_number(const config *config, const setting *setting)
{
    const char *field = (const char *)config + setting->offset;
    uint64_t number = 0;
    bool flag;

    if (setting->kind == KIND_FLAG || setting->kind == KIND_NULLS) {
        memcpy(&flag, field, sizeof flag);
        return flag;
    }
    memcpy(&number, field, sizeof number);
    return number;
}

static bp_status bad_value(const setting *setting, const char *value, bp_error *err)
{
    return error_set(err, BP_BAD_ARGUMENT, "setting %s: \"%.100s\" is not a value it can have (%s)", setting->name, value,
                     setting->text);
}

static bp_status set_text(config *config, const setting *setting, const char *value, bp_error *err)
{
    size_t size = strlen(value);

    if (size < setting->least || size > setting->most) return bad_value(setting, value, err);
    memcpy((char *)config + setting->offset, value, size + 1);
    return BP_OK;
}

static bp_status set_row(config *config, memory *memory, const setting *setting, const char *value, bp_error *err)
{
    uint64_t number;

    if (setting->kind == KIND_TEXT) return set_text(config, setting, value, err);
    if (!parse_value(&number, setting->kind, string_view_of(value))) return bad_value(setting, value, err);
    if (number < setting->least || number > setting->most)
        return error_set(err, BP_BAD_ARGUMENT, "setting %s: \"%.100s\" is not between %llu and %llu", setting->name, value,
                         (unsigned long long)setting->least, (unsigned long long)setting->most);
    if (setting->kind == KIND_MEMORY)
        memory_set_limit(memory, number);
    else
        store_number(config, setting, number);
    return BP_OK;
}

/* What config_init() and the value "default" give. */
static void set_default(config *config, const setting *setting)
{
    if (setting->kind == KIND_MEMORY) return;
    if (*setting->default_text) {
        bp_status status = set_row(config, NULL, setting, setting->default_text, NULL);
        CHECK(status == BP_OK);
        (void)status;
    } else if (setting->kind == KIND_COUNT) {
        size_t processors = machine_processors();
        store_number(config, setting, processors < setting->most ? processors : setting->most);
    } else {
        const char *folder = config_environment("TMPDIR");
        if (!folder || !*folder || set_text(config, setting, folder, NULL))
            snprintf(config->temp_directory, sizeof config->temp_directory, "%s",
                     access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp");
    }
}

void config_init(config *config)
{
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) set_default(config, &settings[i]);
}

size_t config_default_memory_limit(void)
{
    return machine_memory() / 100 * 80;
}

/* What has been forbidden to a context stays so: an SQL text from a stranger cannot take it back. */
static bp_status check_locks(const config *now, const config *wanted, const setting *setting, bp_error *err)
{
    if (now->lock_configuration)
        return error_set(err, BP_BAD_ARGUMENT, "setting %s cannot be changed: the configuration is locked (lock_configuration)",
                         setting->name);
    if (wanted->enable_external_access && !now->enable_external_access)
        return error_set(err, BP_BAD_ARGUMENT, "setting enable_external_access cannot be switched on again");
    return BP_OK;
}

bp_status config_set(bp_context *context, const char *name, const char *value, bp_error *err)
{
    config changed = context->config;
    const setting *setting;
    bp_status status = find_setting(&setting, name, err);
    bool to_default = value && string_equal_nocase(string_view_of(value), STRING_VIEW("default"));

    if (status) return status;
    if (!value) return error_set(err, BP_BAD_ARGUMENT, "setting %s: no value given", setting->name);
    if ((status = check_locks(&changed, &changed, setting, err))) return status;
    if (to_default)
        set_default(&changed, setting);
    else
        status = set_row(&changed, context->memory, setting, value, err);
    if (!status) status = check_locks(&context->config, &changed, setting, err);
    if (status) return status;
    if (to_default && setting->kind == KIND_MEMORY) memory_set_limit(context->memory, config_default_memory_limit());
    context->config = changed;
    return BP_OK;
}

/* printing --------------------------------------------------------------------------------------------------------------------- */
/* The largest binary unit, else decimal unit, that divides the number. */
static void print_bytes(char *text, size_t size, uint64_t number)
{
    static const unit units[] = {{"TiB", (uint64_t)1 << 40},
                                 {"GiB", (uint64_t)1 << 30},
                                 {"MiB", (uint64_t)1 << 20},
                                 {"KiB", (uint64_t)1 << 10},
                                 {"TB", 1000000000000},
                                 {"GB", 1000000000},
                                 {"MB", 1000000},
                                 {"KB", 1000},
                                 {"B", 1}};
    size_t best = sizeof units / sizeof *units - 1;

    for (size_t i = best; i-- > 0;) /* the greatest unit that divides it: 512MB, not 500000KiB */
        if (number && number % units[i].factor == 0 && units[i].factor > units[best].factor) best = i;
    snprintf(text, size, "%llu%s", (unsigned long long)(number / units[best].factor), units[best].name);
}

static void print_time(char *text, size_t size, uint64_t milliseconds)
{
    if (milliseconds % 1000)
        snprintf(text, size, "%llums", (unsigned long long)milliseconds);
    else
        snprintf(text, size, "%llus", (unsigned long long)(milliseconds / 1000));
}

bp_status config_get(bp_context *context, const char *name, char *text, size_t size, bp_error *err)
{
    const setting *setting;
    bp_status status = find_setting(&setting, name, err);
    uint64_t number;

    if (status) return status;
    number = setting->kind == KIND_MEMORY ? memory_limit(context->memory) : 0;
    if (setting->kind != KIND_MEMORY && setting->kind != KIND_TEXT) number = load_number(&context->config, setting);
    switch (setting->kind) {
    case KIND_COUNT: snprintf(text, size, "%llu", (unsigned long long)number); break;
    case KIND_MEMORY:
    case KIND_SPACE:
    case KIND_BYTES:
        if (setting->kind != KIND_BYTES && number == UINT64_MAX)
            snprintf(text, size, "unlimited");
        else
            print_bytes(text, size, number);
        break;
    case KIND_TIME: print_time(text, size, number); break;
    case KIND_FLAG: snprintf(text, size, "%s", number ? "true" : "false"); break;
    case KIND_NULLS: snprintf(text, size, "%s", number ? "nulls_first" : "nulls_last"); break;
    case KIND_SPILL: snprintf(text, size, "%s", spill_words[number]); break;
    case KIND_TEXT: snprintf(text, size, "%s", (const char *)&context->config + setting->offset); break;
    }
    return BP_OK;
}
