/* SPDX-License-Identifier: MIT */
/* Range requests and conditional ones (RFC 9110 13 and 14.2), as pure functions of header texts. Total on any text. */
#ifndef ROOMLINE_CONTROLPLANE_HTTP_RANGE_H
#define ROOMLINE_CONTROLPLANE_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum http_range {
    HTTP_RANGE_WHOLE, /* no Range, or one that is answered as if it were not there: malformed, of another unit, several
                       */
    HTTP_RANGE_PART,  /* *first to *last of the body, both included */
    HTTP_RANGE_NONE,  /* nothing of it is there: 416 */
};

/* text: value of Range. bytes: of the body. */
enum http_range http_range_parse(const char *text, uint64_t bytes, uint64_t *first, uint64_t *last);

/* text: value of If-Range; is what the client has still what there is? Without one it is. */
bool http_range_holds(const char *text, const char *etag, const char *last_modified);

/* Has the client got it already? Values of If-None-Match and If-Modified-Since, "" for none. etag: strong. */
bool http_range_is_known(const char *none_match, const char *modified_since, const char *etag,
                         const char *last_modified);

#endif
