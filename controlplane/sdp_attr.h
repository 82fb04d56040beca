/* SPDX-License-Identifier: MIT */
/* The a= lines of an SDP description, one small parser each, found by name in a table. */
#ifndef ROOMLINE_CONTROLPLANE_SDP_ATTR_H
#define ROOMLINE_CONTROLPLANE_SDP_ATTR_H

#include "controlplane/sdp_parse.h"

/* Cuts up text, what follows "a=", in place and enters it into section: an m-line's, or the template of all m-lines
 * when session_level. Unknown attributes are ignored. Returns NULL, or a static reason to refuse the description. */
const char *sdp_attr_parse(struct sdp_section *section, bool session_level, char *text);

const char *sdp_attr_ext_uri(enum rtp_ext ext); /* what a=extmap calls it */

#endif
