/* SPDX-License-Identifier: MIT */
/* JPEG out of pixels, by libjpeg-turbo. */
#include <misread/image/encode.h>

#include <assert.h>
#include <stdlib.h>

#include <misread/image/image.h>

#if MISREAD_TURBOJPEG
#include <turbojpeg.h>

enum mr_status mr_image_encode_jpeg(const struct mr_image *image, int quality, unsigned char **data,
                                    size_t *n, struct mr_error *err)
{
    unsigned long size = tjBufSize(image->w, image->h, TJSAMP_420);
    unsigned char *jpeg = NULL;
    enum mr_status st = MR_OK;
    tjhandle turbo;

    assert(quality >= 1 && quality <= 100);
    turbo = tjInitCompress();
    if (turbo && size != (unsigned long)-1)
        jpeg = malloc(size);
    if (!jpeg) {
        st = mr_fail(err, MR_E_NOMEM, "no memory to encode %d x %d pixels", image->w, image->h);
        goto out;
    }
    /* NOREALLOC: the buffer is malloc's and stays so. */
    if (tjCompress2(turbo, image->rgb, image->w, 0, image->h, TJPF_RGB, &jpeg, &size, TJSAMP_420,
                    quality, TJFLAG_NOREALLOC)) {
        st = mr_fail(err, MR_E_FORMAT, "cannot encode %d x %d pixels: %s", image->w, image->h,
                     tjGetErrorStr2(turbo));
        goto out;
    }
    *data = jpeg;
    *n = size;
    jpeg = NULL;
out:
    free(jpeg);
    if (turbo)
        tjDestroy(turbo);
    return st;
}
#else
enum mr_status mr_image_encode_jpeg(const struct mr_image *image, int quality, unsigned char **data,
                                    size_t *n, struct mr_error *err)
{
    return mr_fail(err, MR_E_UNSUPPORTED,
                   "this build has no libjpeg-turbo and cannot write JPEG files");
}
#endif
