/* SPDX-License-Identifier: MIT */
/* Words and numbers of an SDP line. The text has been cleaned by sdp_parse (printable, NUL-terminated), its content is
 * hostile all the same. */
#ifndef ROOMLINE_CONTROLPLANE_SDP_TEXT_H
#define ROOMLINE_CONTROLPLANE_SDP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads exactly len characters as a number of the base (10 or 16), no sign, no space. False: ill-formed or above max.
 */
bool sdp_text_number(const char *text, size_t len, unsigned base, uint32_t max, uint32_t *out);

/* Cuts the next word off *cursor at a space, in place; "" at the end of the text. */
const char *sdp_text_word(char **cursor);

bool sdp_text_is_token(const char *text);                       /* RFC 8866 9, at least one character */
bool sdp_text_is_ice(const char *text, size_t min, size_t max); /* RFC 8839 5.4: ice-chars, min..max of them */

#endif
