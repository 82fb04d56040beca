/* SPDX-License-Identifier: MIT */
/* Files below a folder, by URL path. Nothing outside the folder can be named: each component is opened by itself, dot
 * files and ".." are refused, symbolic links are not followed. */
#ifndef ROOMLINE_CONTROLPLANE_FILES_H
#define ROOMLINE_CONTROLPLANE_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct files_found {
    int fd; /* of a regular file, to be closed by the caller */
    size_t bytes;
    uint64_t inode;
    int64_t mtime_ns;
    const char *type; /* Content-Type */
    bool page;        /* HTML, JavaScript or CSS: changes with each version under the same name */
};

/* root: descriptor of the folder. path: decoded, without query; leading slashes are skipped, "" and "x/" name
 * index.html. Returns 0, -EISDIR for a folder without its final slash, or another -errno. */
int files_open(int root, const char *path, struct files_found *out);

/* Content-Type and page by the suffix of a name. */
void files_set_type(struct files_found *f, const char *name);

/* Where something that came with the program is, wherever that was started from: beside it in a build, in
 * ../share/roomline when installed. name: "www". 0, or -errno with path undefined; path is absolute and without links.
 */
int files_find_own(const char *name, char path[PATH_MAX]);

#endif
