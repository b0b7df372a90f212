/* Run a fuzz target over kept inputs without libFuzzer: each argument is a file or a folder of files (not nested).
 *
 * Every test build replays the committed corpus this way, so a crash that was found once is looked for ever after. The input is
 * handed over in a block of exactly its size, so that AddressSanitizer sees a read past its end. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long size = -1;

    if (file && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size >= 0) data = malloc(size ? (size_t)size : 1);
    if (!data || fseek(file, 0, SEEK_SET) != 0 || fread(data, 1, (size_t)size, file) != (size_t)size) {
        fprintf(stderr, "cannot read %s\n", path);
        free(data);
        if (file) fclose(file);
        return 1;
    }
    fclose(file);
    printf("%s\n", path); /* the last line before a crash names the culprit */
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 0;
}

static int replay_folder(const char *path, size_t *count)
{
    int failures = 0;
    DIR *folder = opendir(path);

    if (!folder) return 1;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char name[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        failures += replay_file(name);
        ++*count;
    }
    closedir(folder);
    return failures;
}

int main(int count, char **arguments)
{
    int failures = 0;
    size_t inputs = 0;

    for (int i = 1; i < count; i++) {
        struct stat status;
        bool folder = stat(arguments[i], &status) == 0 && S_ISDIR(status.st_mode);
        if (folder)
            failures += replay_folder(arguments[i], &inputs);
        else
            failures += replay_file(arguments[i]), inputs++;
    }
    printf("%zu inputs, %d unreadable\n", inputs, failures);
    return failures || inputs == 0;
}
