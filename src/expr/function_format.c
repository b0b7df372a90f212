/* format() and printf(): values put into a text at {…} or %…, in the language of the fmt library as DuckDB speaks it.
 *
 *   {[index][:[[fill]align][sign or thousands][#][0][width][.precision][type]]}     align < > ^ =   sign + - blank   thousands , _ '
 *   %[index$][flags][width][.precision][length]type                                 flags - + 0 blank # , _ '
 *
 * Width and precision may be {} or * and then come from an argument. Integers and booleans keep their type, FLOAT and DECIMAL become DOUBLE, all else text;
 * a type that does not fit its value is an error. Two small parsers fill one struct, and one printer a kind of value writes it out. */
#include "function_internal.h"

#include "base/number.h"
#include "text/utf8.h"

#define MOST_PRECISION 100 /* what number_print_fixed() can do */
#define NUMBER_ROOM 512

typedef enum value_kind { VALUE_INTEGER, VALUE_UNSIGNED, VALUE_BOOLEAN, VALUE_FLOAT, VALUE_TEXT } value_kind;

typedef struct format_value {
    value_kind kind;
    bool negative; /* of an integer */
    bool wide; /* 128 bits */
    uint128 magnitude;
    double number;
    string_view text;
} format_value;

typedef struct format_spec {
    char fill[UTF8_MAX_SIZE];
    unsigned fill_size;
    char align; /* < > ^ = or 0: the kind's own */
    char sign; /* + - blank or 0 */
    char thousands; /* , _ ' or 0 */
    char type; /* 0: the kind's own */
    bool alternate, zero;
    bool as_printf;
    int64_t width, precision; /* precision -1: not given */
} format_spec;

typedef struct format_run {
    builder *out;
    const column *arguments;
    size_t count, row;
    string_view format;
    size_t at;
    size_t next_argument;
    bool automatic, manual; /* how arguments were named so far */
    bp_error *err;
} format_run;

static bp_status format_error(const format_run *run, const char *what)
{
    return error_set(run->err, BP_BAD_ARGUMENT, "format string '%.*s': %s", run->format.size > 100 ? 100 : (int)run->format.size,
                     run->format.data, what);
}

static const char *kind_name(value_kind kind)
{
    return kind == VALUE_TEXT ? "string" : kind == VALUE_FLOAT ? "float" : "int";
}

static bp_status type_error(const format_run *run, char type, value_kind kind)
{
    return error_set(run->err, BP_BAD_ARGUMENT, "Invalid type specifier \"%c\" for formatting a value of type %s", type,
                     kind_name(kind));
}

/* values ---------------------------------------------------------------------------------------------------------------------------------------- */
bp_status bind_format(function_binding *binding, bp_error *err)
{
    (void)err;
    binding->wanted[0] = type_of(TYPE_VARCHAR);
    for (size_t i = 1; i < binding->count; i++) {
        data_type type = expr_type(binding->pool, binding->arguments[i]);
        bool kept = type.id == TYPE_BOOLEAN || type_is_integer(type);
        binding->wanted[i] = kept ? type : type_of(type_is_numeric(type) ? TYPE_FLOAT64 : TYPE_VARCHAR);
    }
    return BP_OK;
}

static format_value value_at(const column *in, size_t row)
{
    format_value value = {.kind = VALUE_TEXT};

    if (in->type.id == TYPE_BOOLEAN) {
        value.kind = VALUE_BOOLEAN;
        value.magnitude = bitmap_get(in->values, row_of(in, row));
        value.text = value.magnitude ? STRING_VIEW("true") : STRING_VIEW("false");
    } else if (in->type.id == TYPE_UINT128) {
        value = (format_value){.kind = VALUE_UNSIGNED, .wide = true, .magnitude = VALUE(in, uint128, row)};
    } else if (type_is_integer(in->type)) {
        int128 number = column_integer(in, row_of(in, row));
        value.kind = type_is_signed_integer(in->type) ? VALUE_INTEGER : VALUE_UNSIGNED;
        value.wide = in->type.id == TYPE_INT128;
        value.negative = number < 0;
        value.magnitude = number < 0 ? 0 - (uint128)number : (uint128)number;
    } else if (in->type.id == TYPE_FLOAT64) {
        value.kind = VALUE_FLOAT;
        value.number = VALUE(in, double, row);
    } else {
        value.text = text_value(in, row);
    }
    return value;
}

static bp_status argument_value(const format_run *run, size_t index, format_value *out)
{
    if (index + 1 >= run->count)
        return error_set(run->err, BP_BAD_ARGUMENT, "Argument index \"%zu\" out of range: the format has %zu arguments", index,
                         run->count - 1);
    *out = value_at(&run->arguments[index + 1], run->row);
    return BP_OK;
}

static bp_status next_value(format_run *run, format_value *out)
{
    if (run->manual) return format_error(run, "cannot switch from manual to automatic argument indexing");
    run->automatic = true;
    return argument_value(run, run->next_argument++, out);
}

static bp_status indexed_value(format_run *run, size_t index, format_value *out)
{
    if (run->automatic) return format_error(run, "cannot switch from automatic to manual argument indexing");
    run->manual = true;
    return argument_value(run, index, out);
}

/* writing --------------------------------------------------------------------------------------------------------------------------------------------- */
static void write_fill(const format_run *run, const format_spec *spec, int64_t count)
{
    if (count > 0 && spec->fill_size == 1) {
        builder_fill(run->out, spec->fill[0], (size_t)count);
        return;
    }
    for (; count > 0 && !run->out->status; count--) builder_append(run->out, spec->fill, spec->fill_size);
}

/* `body` of so many characters, with `prefix` (a sign, 0x) before it, in the width. '=' fills between the two. */
static void write_padded(const format_run *run, const format_spec *spec, char align, string_view prefix, string_view body,
                         size_t characters)
{
    int64_t missing = spec->width - (int64_t)(prefix.size + characters), before = 0, between = 0;

    if (missing < 0) missing = 0;
    if (align == '=')
        between = missing;
    else if (align == '>')
        before = missing;
    else if (align == '^')
        before = missing / 2;
    write_fill(run, spec, before);
    builder_text(run->out, prefix);
    write_fill(run, spec, between);
    builder_text(run->out, body);
    write_fill(run, spec, missing - before - between);
}

/* A mark between groups of three digits of the whole part, which are the first `whole` bytes of the text. */
static size_t insert_thousands(char *out, string_view text, size_t whole, char mark)
{
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (i && i < whole && (whole - i) % 3 == 0) out[size++] = mark;
        out[size++] = text.data[i];
    }
    return size;
}

static size_t print_base(char *out, uint128 value, unsigned bits, bool upper)
{
    char digits[128];
    size_t size = 0;

    do {
        digits[sizeof digits - ++size] = (upper ? "0123456789ABCDEF" : "0123456789abcdef")[(unsigned)(value & ((1u << bits) - 1))];
        value >>= bits;
    } while (value && size < sizeof digits);
    memcpy(out, digits + sizeof digits - size, size);
    return size;
}

static size_t print_sign(char *out, char sign, bool negative)
{
    if (negative)
        out[0] = '-';
    else if (sign == '+' || sign == ' ')
        out[0] = sign;
    return negative || sign == '+' || sign == ' ';
}

/* The digits by the type; 0: no such type. *prefix gets 0x and the like. */
static size_t print_integer(char *out, const format_spec *spec, uint128 magnitude, char *prefix, size_t *prefix_size)
{
    char type = spec->thousands ? 'd' : spec->type;

    if (spec->alternate && (type == 'x' || type == 'X' || type == 'b' || type == 'B'))
        prefix[(*prefix_size)++] = '0', prefix[(*prefix_size)++] = type;
    switch (type) {
    case 0:
    case 'd':
    case 'i':
    case 'u':
    case 'n': return number_print_uint128(out, magnitude);
    case 'x':
    case 'X': return print_base(out, magnitude, 4, type == 'X');
    case 'b':
    case 'B': return print_base(out, magnitude, 1, false);
    case 'o':
        if (spec->alternate && magnitude) *out++ = '0';
        return print_base(out, magnitude, 3, false) + (spec->alternate && magnitude);
    default: return 0;
    }
}

/* printf's x, o and u show the bits of a negative number. */
static void as_bits(format_value *value, const format_spec *spec)
{
    if (!value->negative || !spec->as_printf || !strchr("xXou", spec->type ? spec->type : 'd')) return;
    value->negative = false;
    value->magnitude = 0 - value->magnitude;
    if (!value->wide) value->magnitude = (uint64_t)value->magnitude;
}

static bp_status write_integer(const format_run *run, const format_spec *spec, format_value value)
{
    char digits[192], marked[192], zeros[MOST_PRECISION + 192], prefix[4], align = spec->align ? spec->align : '>';
    size_t prefix_size, size;
    string_view body;

    if (spec->precision >= 0 && !spec->as_printf) return format_error(run, "precision not allowed for this argument type");
    if (spec->sign && (value.kind != VALUE_INTEGER || value.wide) && !spec->as_printf)
        return format_error(run, "format specifier requires signed argument");
    if (!spec->as_printf && (spec->type == 'i' || spec->type == 'u')) return type_error(run, spec->type, value.kind);
    if (spec->as_printf && spec->type == 'c') {
        char byte = (char)value.magnitude;
        if (value.negative || value.magnitude > 127)
            return format_error(run, "%c writes a single byte, here not one of ASCII; chr(...) makes any character");
        write_padded(run, spec, '>', (string_view){"", 0}, (string_view){&byte, 1}, 1);
        return BP_OK;
    }
    as_bits(&value, spec);
    prefix_size = print_sign(prefix, spec->sign, value.negative);
    size = print_integer(digits, spec, value.magnitude, prefix, &prefix_size);
    if (!size) return type_error(run, spec->type, value.kind);
    body = (string_view){digits, size};
    if (spec->thousands) body = (string_view){marked, insert_thousands(marked, body, size, spec->thousands)};
    if (spec->precision > (int64_t)size) {
        size_t missing = (size_t)spec->precision - size;
        memset(zeros, '0', missing);
        memcpy(zeros + missing, body.data, body.size);
        body = (string_view){zeros, missing + body.size};
    }
    write_padded(run, spec, spec->zero ? '=' : align, (string_view){prefix, prefix_size}, body, body.size);
    return BP_OK;
}

/* floating point ------------------------------------------------------------------------------------------------------------------------------------------- */
/* The decimal exponent of what number_print_scientific() wrote. */
static int64_t exponent_of(string_view text)
{
    const char *e = memchr(text.data, 'e', text.size);
    int64_t exponent = 0;

    if (!e) return 0;
    number_parse_int64(e + 1, text.data + text.size, &exponent);
    return exponent;
}

static size_t drop_zeros(char *out, size_t size)
{
    size_t end = size;

    if (!memchr(out, '.', size)) return size;
    while (out[end - 1] == '0') end--;
    return end - (out[end - 1] == '.');
}

/* %g: `digits` significant ones, as a plain number when the exponent is in [-4, digits). keep: with the zeros at the end, but for numbers below one, and
 * whole numbers with ".0". */
static size_t print_general(char *out, double value, unsigned digits, bool keep)
{
    char exponent_text[16];
    size_t size = number_print_scientific(out, value, digits - 1), exponent_size, mantissa;
    int64_t exponent = exponent_of((string_view){out, size});

    if (exponent >= -4 && exponent < (int64_t)digits) {
        size = number_print_fixed(out, value, (unsigned)((int64_t)digits - 1 - exponent));
        if (!keep || exponent < 0) return drop_zeros(out, size);
        if (!memchr(out, '.', size)) out[size++] = '.', out[size++] = '0';
        return size;
    }
    mantissa = (size_t)((char *)memchr(out, 'e', size) - out);
    exponent_size = size - mantissa;
    memcpy(exponent_text, out + mantissa, exponent_size);
    if (!keep) mantissa = drop_zeros(out, mantissa);
    memcpy(out + mantissa, exponent_text, exponent_size);
    return mantissa + exponent_size;
}

/* %a: the bits of the fraction in hexadecimal digits, rounded half to even when there are fewer. */
static BP_WRAPS size_t print_hexadecimal(char *out, double value, int64_t precision, bool alternate)
{
    uint64_t bits, fraction, one = (uint64_t)1 << 52;
    int exponent;
    size_t size = 2, digits = 13;

    memcpy(&bits, &value, 8);
    fraction = bits & (one - 1);
    exponent = (int)(bits >> 52 & 0x7ff);
    if (exponent) fraction |= one;
    exponent = exponent ? exponent - 1023 : fraction ? -1022 : 0;
    if (precision >= 0 && precision < 13) {
        unsigned cut = (unsigned)(13 - precision) * 4;
        uint64_t half = (uint64_t)1 << (cut - 1), rest = fraction & ((half << 1) - 1);
        fraction >>= cut;
        if (rest > half || (rest == half && (fraction & 1))) fraction++;
        digits = (size_t)precision;
    } else {
        while (precision < 0 && digits && !(fraction & 15)) fraction >>= 4, digits--;
    }
    memcpy(out, "0x", 2);
    out[size++] = (char)('0' + (fraction >> (4 * digits)));
    if (digits || precision > 0 || alternate) out[size++] = '.';
    for (size_t i = digits; i-- > 0;) out[size++] = "0123456789abcdef"[fraction >> (4 * i) & 15];
    for (int64_t i = 13; i < precision; i++) out[size++] = '0';
    out[size++] = 'p';
    out[size++] = exponent < 0 ? '-' : '+';
    return size + number_print_uint64(out + size, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

/* A finite number without its sign; 0: no such type. */
static size_t print_float(char *out, const format_spec *spec, double value)
{
    unsigned places = spec->precision < 0 ? 6 : (unsigned)spec->precision;
    size_t size;

    switch (spec->type) {
    case 0:
        if (spec->precision < 0) return number_print_double(out, value);
        return print_general(out, value, places ? places : 1, places > 0);
    case 'e':
    case 'E': return number_print_scientific(out, value, places);
    case 'f':
    case 'F':
        size = number_print_fixed(out, value, places);
        if (!places && spec->alternate) out[size++] = '.';
        return size;
    case 'g':
    case 'G':
    case 'n': return print_general(out, value, places ? places : 1, spec->alternate);
    case 'a':
    case 'A': return print_hexadecimal(out, value, spec->precision, spec->alternate);
    default: return 0;
    }
}

/* NaN and infinity are words: filled as text is. */
static void write_not_finite(const format_run *run, const format_spec *spec, double value)
{
    bool upper = ascii_upper((unsigned char)spec->type) == (unsigned char)spec->type && spec->type;
    string_view word =
        value != value ? (upper ? STRING_VIEW("NAN") : STRING_VIEW("nan")) : (upper ? STRING_VIEW("INF") : STRING_VIEW("inf"));
    char sign[1], align = spec->zero || spec->align == '=' ? '<' : spec->align ? spec->align : '<';
    size_t sign_size = print_sign(sign, spec->sign, value < 0);

    write_padded(run, spec, align, (string_view){sign, sign_size}, word, word.size);
}

static bp_status write_float(const format_run *run, const format_spec *spec, double value)
{
    char text[NUMBER_ROOM], marked[NUMBER_ROOM + NUMBER_ROOM / 3], sign[1], align = spec->align ? spec->align : '>';
    size_t size, whole = 0, sign_size = print_sign(sign, spec->sign, __builtin_signbit(value));
    string_view body;

    if (spec->precision > MOST_PRECISION)
        return error_set(run->err, BP_BAD_ARGUMENT, "a precision of %lld is too large: at most %d digits are written",
                         (long long)spec->precision, MOST_PRECISION);
    if (spec->type && !strchr("eEfFgGnaA", spec->type)) return type_error(run, spec->type, VALUE_FLOAT);
    if (value - value != 0) {
        write_not_finite(run, spec, value);
        return BP_OK;
    }
    size = print_float(text, spec, __builtin_fabs(value));
    for (size_t i = 0; i < size && spec->type >= 'A' && spec->type <= 'Z'; i++) text[i] = (char)ascii_upper((unsigned char)text[i]);
    body = (string_view){text, size};
    while (whole < size && ascii_is_digit((unsigned char)text[whole])) whole++;
    if (spec->thousands) body = (string_view){marked, insert_thousands(marked, body, whole, spec->thousands)};
    write_padded(run, spec, spec->zero ? '=' : align, (string_view){sign, sign_size}, body, body.size);
    return BP_OK;
}

static bp_status write_text(const format_run *run, const format_spec *spec, string_view text)
{
    char align = spec->align ? spec->align : '<';
    size_t characters;

    if (spec->type && spec->type != 's') return type_error(run, spec->type, VALUE_TEXT);
    if (!spec->as_printf && (spec->sign || spec->alternate || spec->zero || spec->align == '='))
        return format_error(run, "format specifier requires numeric argument");
    if (spec->precision >= 0) text.size = utf8_offset(text.data, text.size, (size_t)spec->precision);
    characters = utf8_count(text.data, text.size);
    write_padded(run, spec, align, (string_view){"", 0}, text, characters);
    return BP_OK;
}

static bp_status write_value(const format_run *run, format_spec *spec, const format_value *value)
{
    bool is_number = value->kind != VALUE_TEXT;

    if (spec->zero && is_number) spec->fill[0] = '0', spec->fill_size = 1;
    if (spec->zero && !is_number && spec->as_printf) spec->zero = false;
    if (value->kind == VALUE_FLOAT) return write_float(run, spec, value->number);
    if (value->kind == VALUE_TEXT) return write_text(run, spec, value->text);
    if (value->kind == VALUE_BOOLEAN && (!spec->type || (spec->as_printf && spec->type == 's'))) {
        format_spec plain = *spec;
        if (spec->precision >= 0 && !spec->as_printf) return format_error(run, "precision not allowed for this argument type");
        if (spec->sign && !spec->as_printf) return format_error(run, "format specifier requires signed argument");
        plain.type = plain.sign = 0, plain.alternate = plain.zero = false;
        if (plain.align == '=') plain.align = 0;
        return write_text(run, &plain, value->text);
    }
    if (spec->as_printf && spec->type == 's') return type_error(run, 's', value->kind);
    return write_integer(run, spec, *value);
}

/* parsing: common ------------------------------------------------------------------------------------------------------------------------------------------- */
static bool at_end(const format_run *run)
{
    return run->at >= run->format.size;
}
static char present(const format_run *run)
{
    return at_end(run) ? 0 : run->format.data[run->at];
}
static bool take(format_run *run, char c)
{
    if (at_end(run) || run->format.data[run->at] != c) return false;
    run->at++;
    return true;
}

static bp_status take_number(format_run *run, int64_t *out)
{
    for (*out = 0; ascii_is_digit((unsigned char)present(run)); run->at++) {
        *out = *out * 10 + (present(run) - '0');
        if (*out > INT32_MAX) return format_error(run, "number is too big");
    }
    return BP_OK;
}

static bp_status number_of(const format_run *run, const format_value *value, const char *what, int64_t *out)
{
    if (value->kind != VALUE_INTEGER && value->kind != VALUE_UNSIGNED)
        return error_set(run->err, BP_BAD_ARGUMENT, "format string: %s is not integer", what);
    if (value->magnitude > INT32_MAX) return format_error(run, "number is too big");
    *out = value->negative ? -(int64_t)value->magnitude : (int64_t)value->magnitude;
    return BP_OK;
}

/* parsing: {} ------------------------------------------------------------------------------------------------------------------------------------------------- */
/* An index or nothing, up to `}` or `:`. */
static bp_status take_argument(format_run *run, format_value *out)
{
    int64_t index;
    bp_status status;

    if (present(run) == '}' || present(run) == ':') return next_value(run, out);
    if (!ascii_is_digit((unsigned char)present(run)))
        return format_error(run, ascii_is_alpha((unsigned char)present(run))
                                     ? "arguments have no names: {} or {0} are put in, a type stands behind a colon as in {:d}"
                                     : "invalid format string");
    if (present(run) == '0') {
        index = 0;
        run->at++;
    } else if ((status = take_number(run, &index))) {
        return status;
    }
    if (present(run) != '}' && present(run) != ':') return format_error(run, "invalid format string");
    return indexed_value(run, (size_t)index, out);
}

/* Digits, or an argument in braces. */
static bp_status take_size(format_run *run, const char *what, int64_t *out)
{
    format_value value;
    bp_status status;

    if (!take(run, '{')) return take_number(run, out);
    if ((status = take_argument(run, &value))) return status;
    if (!take(run, '}')) return format_error(run, "invalid format string");
    if ((status = number_of(run, &value, what, out))) return status;
    if (*out >= 0) return BP_OK;
    return error_set(run->err, BP_BAD_ARGUMENT, "format string: negative %s", what);
}

static bool is_align(char c)
{
    return c == '<' || c == '>' || c == '^' || c == '=';
}

static bp_status take_align(format_run *run, format_spec *spec)
{
    size_t left = run->format.size - run->at;

    if (left >= 2 && is_align(run->format.data[run->at + 1]) && present(run) != '}') {
        if (present(run) == '{') return format_error(run, "invalid fill character '{'");
        spec->fill[0] = present(run);
        spec->align = run->format.data[run->at + 1];
        run->at += 2;
        return (spec->fill[0] & 0x80) ? format_error(run, "the fill character must be one of ASCII") : BP_OK;
    }
    if (is_align(present(run))) spec->align = run->format.data[run->at++];
    return BP_OK;
}

/* What stands behind the colon, with the closing brace. */
static bp_status take_spec(format_run *run, format_spec *spec)
{
    bp_status status;

    if ((status = take_align(run, spec))) return status;
    if (present(run) && strchr("+- ", present(run))) {
        spec->sign = run->format.data[run->at++];
    } else if (present(run) && strchr(",_'", present(run))) {
        spec->thousands = run->format.data[run->at++];
    }
    spec->alternate = take(run, '#');
    spec->zero = take(run, '0');
    if (ascii_is_digit((unsigned char)present(run)) || present(run) == '{')
        if ((status = take_size(run, "width", &spec->width))) return status;
    if (take(run, '.')) {
        if (!ascii_is_digit((unsigned char)present(run)) && present(run) != '{')
            return format_error(run, "missing precision specifier");
        if ((status = take_size(run, "precision", &spec->precision))) return status;
    }
    if (!at_end(run) && present(run) != '}') spec->type = run->format.data[run->at++];
    return take(run, '}') ? BP_OK : format_error(run, "missing '}' in format string");
}

static bp_status put_field(format_run *run)
{
    format_spec spec = {.fill = " ", .fill_size = 1, .precision = -1};
    format_value value;
    bp_status status;

    if (at_end(run)) return format_error(run, "invalid format string");
    if ((status = take_argument(run, &value))) return status;
    if (take(run, ':')) {
        if ((status = take_spec(run, &spec))) return status;
    } else if (!take(run, '}')) {
        return format_error(run, "invalid format string");
    }
    return write_value(run, &spec, &value);
}

static bp_status format_row(format_run *run)
{
    bp_status status = BP_OK;

    while (!at_end(run) && !status) {
        char c = run->format.data[run->at++];
        if ((c == '{' || c == '}') && take(run, c))
            builder_byte(run->out, c);
        else if (c == '{')
            status = put_field(run);
        else if (c == '}')
            status = format_error(run, "unmatched '}' in format string");
        else
            builder_byte(run->out, c);
    }
    return status;
}

/* parsing: % ---------------------------------------------------------------------------------------------------------------------------------------------------- */
static void take_flags(format_run *run, format_spec *spec)
{
    for (; present(run) && strchr("-+0 #,_'", present(run)); run->at++) {
        char c = present(run);
        if (c == '-')
            spec->align = '<';
        else if (c == '0')
            spec->zero = true;
        else if (c == '#')
            spec->alternate = true;
        else if (c == '+' || c == ' ')
            spec->sign = c;
        else
            spec->thousands = c;
    }
}

/* * or digits. */
static bp_status take_star(format_run *run, const char *what, int64_t *out)
{
    format_value value;
    bp_status status;

    if (!take(run, '*')) return take_number(run, out);
    if ((status = next_value(run, &value))) return status;
    return number_of(run, &value, what, out);
}

/* Everything between % and the type. *index: the argument's number, -1: the next one. */
static bp_status take_printf_spec(format_run *run, format_spec *spec, int64_t *index)
{
    size_t begin = run->at;
    int64_t number;
    bp_status status;

    *index = -1;
    if (ascii_is_digit((unsigned char)present(run)) && !(status = take_number(run, &number)) && take(run, '$')) {
        if (number < 1) return format_error(run, "argument index out of range");
        *index = number - 1;
    } else {
        run->at = begin;
    }
    take_flags(run, spec);
    if ((status = take_star(run, "width", &spec->width))) return status;
    if (spec->width < 0) spec->align = '<', spec->width = -spec->width;
    if (take(run, '.')) {
        if ((status = take_star(run, "precision", &spec->precision))) return status;
        if (spec->precision < 0) spec->precision = 0;
    }
    while (present(run) && strchr("hlLjzt", present(run))) run->at++;
    return BP_OK;
}

static bp_status put_printf_field(format_run *run)
{
    format_spec spec = {.fill = " ", .fill_size = 1, .precision = -1, .align = '>', .as_printf = true};
    format_value value;
    int64_t index;
    bp_status status;

    if ((status = take_printf_spec(run, &spec, &index))) return status;
    if (at_end(run)) return format_error(run, "a type is missing behind the last %");
    spec.type = run->format.data[run->at++];
    status = index < 0 ? next_value(run, &value) : indexed_value(run, (size_t)index, &value);
    if (status) return status;
    if (spec.precision > MOST_PRECISION && value.kind != VALUE_TEXT && value.kind != VALUE_FLOAT)
        return format_error(run, "the precision of an integer may be at most 100 digits");
    return write_value(run, &spec, &value);
}

static bp_status printf_row(format_run *run)
{
    bp_status status = BP_OK;

    while (!at_end(run) && !status) {
        char c = run->format.data[run->at++];
        if (c != '%' || take(run, '%'))
            builder_byte(run->out, c);
        else
            status = put_printf_field(run);
    }
    return status;
}

/* rows --------------------------------------------------------------------------------------------------------------------------------------------------------------- */
static bp_status format_rows(const function_call *call, const column *arguments, size_t count, column *out, const char *name,
                             bp_status (*make)(format_run *run), bp_error *err)
{
    string_ref *to = call_values(call, out, 16);
    text_room room = {.arena = call->arena};
    builder text;
    bp_status status = BP_OK;

    if (!to) return call_no_memory(call, call->rows * 16, err);
    builder_init(&text, call->context->memory, MOST_TEXT);
    for (size_t row = 0; row < call->rows && !status; row++) {
        if (call_skips(call, row)) continue;
        builder_reset(&text);
        status =
            make(&(format_run){.out = &text, .arguments = arguments, .count = count, .row = row, .format = TEXT(0), .err = err});
        if (!status) status = text_store(call, &room, &text, name, &to[row], err);
    }
    builder_clear(&text);
    return status;
}

KERNEL(text_format)
{
    return format_rows(call, arguments, count, out, "format", format_row, err);
}
KERNEL(text_printf)
{
    return format_rows(call, arguments, count, out, "printf", printf_row, err);
}
