/* SPDX-License-Identifier: MIT */
/* What AF_XDP needs before the EAL starts. */
#include "dataplane/xdp.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/util.h"
#include "dataplane/steer.h"
#include "dataplane/xdp_probe.h"

/* The object file, if it could be built. */
static const uint8_t program[] = {
#ifdef ROOMLINE_STEER
#include "dataplane/steer_image.h"
#else
    0
#endif
};

static char text[256]; /* of *err */

/* ---- Which ---- */

/* The interface of the IPv4 default route with the lowest metric, else of the IPv6 one. */
static bool find_default_route(char name[IF_NAMESIZE])
{
    char line[512], dev[64];
    unsigned dst, mask, metric, best = UINT32_MAX;
    FILE *f = fopen("/proc/net/route", "re");

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "%15s %x %*x %*x %*d %*d %u %x", dev, &dst, &metric, &mask) == 4 && dst == 0 && mask == 0 &&
            metric < best) {
            best = metric;
            snprintf(name, IF_NAMESIZE, "%.15s", dev);
        }
    if (f)
        fclose(f);
    f = best == UINT32_MAX ? fopen("/proc/net/ipv6_route", "re") : NULL;
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "00000000000000000000000000000000 00 %*s %*s %*s %x %*x %*x %*x %15s", &metric, dev) == 2 &&
            metric < best && strcmp(dev, "lo") != 0) { /* lo: what has no route */
            best = metric;
            snprintf(name, IF_NAMESIZE, "%.15s", dev);
        }
    if (f)
        fclose(f);
    return best != UINT32_MAX;
}

/* As the driver counts them; those that it does not tell are one. */
static uint16_t count_channels(const char *name)
{
    struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
    struct ifreq request = {.ifr_data = (char *)&channels};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) != 0)
        channels.combined_count = channels.rx_count = 0;
    if (fd >= 0)
        close(fd);
    return (uint16_t)MIN(MAX(channels.combined_count + channels.rx_count, 1u), UINT16_MAX);
}

static int add_interface(struct xdp *xdp, const char *name, const char **err)
{
    struct xdp_interface *interface = &xdp->interfaces[xdp->n];
    uint32_t n_channels = 0;

    *err = text;
    if (if_nametoindex(name) == 0) {
        snprintf(text, sizeof(text), "dataplane.interfaces: there is no interface %.32s", name);
        return -ENODEV;
    }
    if (xdp->n == PORT_INTERFACES_MAX) {
        snprintf(text, sizeof(text), "dataplane.interfaces: at most %d", PORT_INTERFACES_MAX);
        return -E2BIG;
    }
    snprintf(interface->name, sizeof(interface->name), "%s", name);
    interface->index = (int)if_nametoindex(name);
    interface->n_channels = count_channels(name);
    interface->zero_copy = xdp_can_zero_copy(interface->index);
    for (uint32_t i = 0; i <= xdp->n; i++)
        n_channels += xdp->interfaces[i].n_channels;
    if (n_channels > PORT_CHANNELS_MAX) {
        snprintf(text, sizeof(text), "%s has too many channels, DPDK takes %d in all: ethtool -L %s combined N", name,
                 PORT_CHANNELS_MAX, name);
        return -E2BIG;
    }
    xdp->n++;
    return 0;
}

static int choose_interfaces(struct xdp *xdp, const struct conf *conf, const char **err)
{
    char name[IF_NAMESIZE];
    int ret = 0;

    for (size_t i = 0; i < conf->dataplane_interfaces.n && ret == 0; i++)
        ret = add_interface(xdp, conf->dataplane_interfaces.items[i], err);
    if (conf->dataplane_interfaces.n > 0)
        return ret;
    if (find_default_route(name))
        ret = add_interface(xdp, name, err);
    if (ret == 0 && conf->dataplane_same_host == CONF_SAME_HOST_XDP)
        ret = add_interface(xdp, "lo", err);
    if (ret == 0 && xdp->n == 0) {
        *err = "no default route: name the interfaces in dataplane.interfaces";
        ret = -ENODEV;
    }
    return ret;
}

/* ---- The program ---- */

static int make_program(struct xdp *xdp, const struct conf *conf)
{
    static uint8_t image[sizeof(program)];
    struct steer_media media = {.mark = STEER_MARK, .first_port = conf->media_port, .n_ports = conf->workers_count};

    memcpy(image, program, sizeof(image));
    uint8_t *at = memmem(image, sizeof(image), media.mark, sizeof(media.mark));
    if (!at)
        return -ENOEXEC;
    memcpy(at, &media, sizeof(media));
    xdp->program_fd = memfd_create("roomline-steer", MFD_CLOEXEC);
    if (xdp->program_fd < 0)
        return -errno;
    return write(xdp->program_fd, image, sizeof(image)) == sizeof(image) ? 0 : -EIO;
}

int xdp_init(struct xdp *xdp, const struct conf *conf, const char **err)
{
    *xdp = (struct xdp){.program_fd = -1};
    int ret = 0;
    if (sizeof(program) < sizeof(struct steer_media)) {
        *err = "this build has no XDP program: build again with clang installed";
        ret = -ENOTSUP;
    }
    if (ret == 0)
        ret = xdp_permitted(err);
    if (ret == 0)
        ret = choose_interfaces(xdp, conf, err);
    if (ret == 0) {
        *err = "the XDP program cannot be put into memory";
        ret = make_program(xdp, conf);
    }
    if (ret)
        xdp_finish(xdp);
    return ret;
}

void xdp_finish(struct xdp *xdp)
{
    if (xdp->program_fd > 0)
        close(xdp->program_fd);
    *xdp = (struct xdp){0};
}

const struct xdp_interface *xdp_loopback(const struct xdp *xdp)
{
    for (uint32_t i = 0; i < xdp->n; i++)
        if (strcmp(xdp->interfaces[i].name, "lo") == 0)
            return &xdp->interfaces[i];
    return NULL;
}

void xdp_device_name(char out[XDP_DEVICE_NAME_BYTES], uint32_t interface, uint16_t channel)
{
    snprintf(out, XDP_DEVICE_NAME_BYTES, "net_af_xdp%u_%u", interface, channel);
}

uint32_t xdp_channels_of(const struct xdp *xdp, uint16_t worker, uint16_t n_workers)
{
    uint32_t n = 0;
    for (uint32_t i = 0; xdp && i < xdp->n; i++)
        if (worker < xdp->interfaces[i].n_channels)
            n += (xdp->interfaces[i].n_channels - 1u - worker) / n_workers + 1;
    return n;
}
