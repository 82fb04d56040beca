/* SPDX-License-Identifier: MIT */
/* Runs every file of a corpus folder, and every prefix of it, through a fuzz target: the regression half of fuzzing,
 * without libFuzzer. Each input is copied to a heap block of its exact size, so that ASan sees any overread. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t replay_file(const char *path)
{
    static uint8_t buf[1 << 18];
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    size_t n = fread(buf, 1, sizeof(buf), f);
    fclose(f);
    size_t step = n > 4096 ? n / 512 : 1; /* large inputs: a sample of the prefixes */
    for (size_t len = 0; len < n; len += step)
        run(buf, len);
    run(buf, n);
    return 1;
}

int main(int argc, char **argv)
{
    size_t files = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_DIR\n", argv[0]);
        return 2;
    }
    DIR *dir = opendir(argv[1]);
    if (!dir) {
        perror(argv[1]);
        return 1;
    }
    for (struct dirent *e; (e = readdir(dir));) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
        if (e->d_name[0] != '.')
            files += replay_file(path);
    }
    closedir(dir);
    printf("%zu files replayed\n", files);
    return files ? 0 : 1; /* an empty corpus tests nothing */
}
