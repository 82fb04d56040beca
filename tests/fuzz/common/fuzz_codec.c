/* SPDX-License-Identifier: MIT */
/* First byte: the codec. The rest: any payload. A cut payload may lose its key frame but reads stay inside. */
#include <stdlib.h>

#include "common/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    enum codec codec = (enum codec)(data[0] % (CODEC_COUNT + 1));
    bool key = codec_is_keyframe_start(codec, data + 1, size - 1);
    if (size == 1 && key && codec != CODEC_OPUS && codec != CODEC_PCMU && codec != CODEC_PCMA)
        abort();
    return 0;
}
