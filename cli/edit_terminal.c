/* Raw mode and keys.
 *
 * SIGWINCH is let in only while waiting (ppoll), so no change of size is missed. SIGTERM and SIGHUP give the terminal back before they do what they
 * would have done. An Escape that nothing follows for ESCAPE_WAIT_MS is the key itself. */
#define _GNU_SOURCE /* ppoll */
#include "edit_terminal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ESCAPE_WAIT_MS 50

static volatile sig_atomic_t size_changed;
static struct termios terminal_before; /* for the handler */
static volatile sig_atomic_t terminal_is_raw;

static void on_resize(int number)
{
    (void)number;
    size_changed = 1;
}

enum { WATCHED = 3 };
static const int watched[WATCHED] = {SIGWINCH, SIGTERM, SIGHUP};
static struct sigaction actions_before[WATCHED];

static void on_end(int number)
{
    if (terminal_is_raw) tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    for (int i = 0; i < WATCHED; i++)
        if (watched[i] == number) sigaction(number, &actions_before[i], NULL);
    raise(number);
}

static void watch_signals(void)
{
    for (int i = 0; i < WATCHED; i++) {
        struct sigaction action = {.sa_handler = watched[i] == SIGWINCH ? on_resize : on_end};
        sigemptyset(&action.sa_mask);
        sigaction(watched[i], &action, &actions_before[i]);
    }
}

static void unwatch_signals(void)
{
    for (int i = 0; i < WATCHED; i++) sigaction(watched[i], &actions_before[i], NULL);
}

void edit_terminal_write(const char *bytes, size_t size)
{
    while (size) {
        ssize_t put = write(STDOUT_FILENO, bytes, size);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return;
        bytes += put;
        size -= (size_t)put;
    }
}

void edit_terminal_measure(edit_terminal *terminal)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

    terminal->columns = known && size.ws_col ? size.ws_col : 80;
    terminal->rows = known && size.ws_row ? size.ws_row : 24;
}

bool edit_terminal_begin(edit_terminal *terminal)
{
    struct termios raw;
    sigset_t resize;

    if (tcgetattr(STDIN_FILENO, &terminal->saved)) return false;
    raw = terminal->saved;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    terminal_before = terminal->saved;
    sigemptyset(&resize);
    sigaddset(&resize, SIGWINCH);
    sigprocmask(SIG_BLOCK, &resize, &terminal->outside);
    watch_signals();
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)) return false;
    terminal->raw = true;
    terminal_is_raw = 1;
    edit_terminal_measure(terminal);
    edit_terminal_write("\x1b[?2004h", 8); /* pasted text comes in marks */
    return true;
}

void edit_terminal_end(edit_terminal *terminal)
{
    if (!terminal->raw) return;
    edit_terminal_write("\x1b[?2004l", 8);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->saved);
    terminal->raw = false;
    terminal_is_raw = 0;
    unwatch_signals();
    sigprocmask(SIG_SETMASK, &terminal->outside, NULL);
}

void edit_terminal_suspend(edit_terminal *terminal)
{
    edit_terminal_end(terminal);
    raise(SIGTSTP);
    edit_terminal_begin(terminal);
}

/* bytes ---------------------------------------------------------------------------------------------------------------------------- */
/* Wait for input: 1 there is some, 0 not in time, -1 the size changed, -2 the terminal is gone. */
static int wait_for_input(edit_terminal *terminal, int milliseconds)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    struct timespec time = {.tv_nsec = milliseconds * 1000000L};
    int ready;

    do {
        if (size_changed) {
            size_changed = 0;
            return -1;
        }
        ready = ppoll(&input, 1, milliseconds < 0 ? NULL : &time, &terminal->outside);
    } while (ready < 0 && errno == EINTR);
    return ready < 0 ? -2 : ready;
}

/* The next byte; negative as wait_for_input(), 0 included: then as -3. */
static int next_byte(edit_terminal *terminal, int milliseconds)
{
    ssize_t got;
    int ready;

    if (terminal->at < terminal->count) return terminal->bytes[terminal->at++];
    if ((ready = wait_for_input(terminal, milliseconds)) <= 0) return ready ? ready : -3;
    got = read(STDIN_FILENO, terminal->bytes, sizeof terminal->bytes);
    if (got < 0 && errno == EINTR) return next_byte(terminal, milliseconds);
    if (got <= 0) return -2;
    terminal->count = (size_t)got;
    terminal->at = 1;
    return terminal->bytes[0];
}

bool edit_terminal_pending(edit_terminal *terminal)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    return terminal->at < terminal->count || poll(&input, 1, 0) > 0;
}

/* characters ------------------------------------------------------------------------------------------------------------------------ */
/* How many bytes a character has that begins so; 0: none does. */
static int sequence_length(int lead)
{
    return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/* A code point; what is no UTF-8 is U+FFFD. */
static int character(edit_terminal *terminal, int lead)
{
    int length = sequence_length(lead), code = length == 2 ? lead & 0x1f : length == 3 ? lead & 0x0f : lead & 0x07;

    if (length == 1) return lead;
    if (length == 0) return 0xfffd;
    for (int i = 1; i < length; i++) {
        int byte = next_byte(terminal, ESCAPE_WAIT_MS);
        if (byte < 0) return 0xfffd;
        if ((byte & 0xc0) != 0x80) {
            terminal->at--; /* it begins something else */
            return 0xfffd;
        }
        code = code << 6 | (byte & 0x3f);
    }
    if ((length == 3 && code < 0x800) || (code >= 0xd800 && code < 0xe000) || (length == 4 && (code < 0x10000 || code > 0x10ffff)))
        return 0xfffd;
    return code;
}

/* escape sequences -------------------------------------------------------------------------------------------------------------------- */
static int key_of_final(int final, int modifier)
{
    bool word = modifier == 3 || modifier == 5; /* Alt, Ctrl */

    switch (final) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return word ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D': return word ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    default: return KEY_UNKNOWN;
    }
}

static int key_of_number(int number)
{
    switch (number) {
    case 1:
    case 7: return KEY_HOME;
    case 3: return KEY_DELETE;
    case 4:
    case 8: return KEY_END;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    case 200: return KEY_PASTE;
    default: return KEY_UNKNOWN;
    }
}

/* Behind ESC [: numbers with semicolons, then one final byte. */
static int control_sequence(edit_terminal *terminal)
{
    int numbers[2] = {0, 0}, at = 0;

    for (int i = 0; i < 32; i++) {
        int byte = next_byte(terminal, ESCAPE_WAIT_MS);

        if (byte < 0) return KEY_UNKNOWN;
        if (byte >= '0' && byte <= '9') {
            if (at < 2 && numbers[at] < 10000) numbers[at] = numbers[at] * 10 + byte - '0';
        } else if (byte == ';') {
            at++;
        } else if (byte == '~') {
            return key_of_number(numbers[0]);
        } else if (byte >= 0x40) {
            return key_of_final(byte, numbers[1]);
        }
    }
    return KEY_UNKNOWN;
}

static int key_behind_escape(edit_terminal *terminal)
{
    int byte = next_byte(terminal, ESCAPE_WAIT_MS);

    if (byte < 0) return 0x1b;
    if (byte == '[') return control_sequence(terminal);
    if (byte == 'O') return (byte = next_byte(terminal, ESCAPE_WAIT_MS)) < 0 ? KEY_UNKNOWN : key_of_final(byte, 0);
    return KEY_ALT + character(terminal, byte);
}

int edit_terminal_key(edit_terminal *terminal)
{
    int byte = next_byte(terminal, -1);

    if (byte == -1) {
        edit_terminal_measure(terminal);
        return KEY_RESIZE;
    }
    if (byte < 0) return KEY_CLOSED;
    return byte == 0x1b ? key_behind_escape(terminal) : character(terminal, byte);
}

/* pasting ------------------------------------------------------------------------------------------------------------------------------ */
void edit_put_character(text_buffer *out, int code)
{
    char bytes[4];

    if (code < 0x80) {
        bytes[0] = (char)code;
        text_buffer_append(out, bytes, 1);
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
        text_buffer_append(out, bytes, 2);
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        text_buffer_append(out, bytes, 3);
    } else {
        bytes[0] = (char)(0xf0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (code & 0x3f));
        text_buffer_append(out, bytes, 4);
    }
}

void edit_terminal_paste(edit_terminal *terminal, text_buffer *out)
{
    static const char mark[] = "\x1b[201~";
    size_t matched = 0;
    bool resized = false;
    int before = 0;

    while (matched < sizeof mark - 1) {
        int byte = next_byte(terminal, -1);

        if (byte == -1) { /* the new size is asked for behind the paste */
            resized = true;
            continue;
        }
        if (byte < 0) return;
        if (byte == mark[matched]) {
            matched++;
            continue;
        }
        matched = byte == mark[0];
        if (byte == '\r' || (byte == '\n' && before != '\r'))
            text_buffer_append(out, "\n", 1);
        else if (byte == '\t' || (byte >= 0x20 && byte != 0x7f))
            edit_put_character(out, character(terminal, byte));
        before = byte;
    }
    if (resized) size_changed = 1;
}
