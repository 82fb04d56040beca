/* SPDX-License-Identifier: MIT */
/* The XDP program on its interfaces, in place of libbpf's attachment. Names that are not xdp_link_x are libbpf's. */
#include "dataplane/xdp_link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/port.h"

struct attachment {
    int ifindex; /* 0: free */
    int link_fd;
    int map_fd; /* of the program that is attached; -1: not seen yet */
    const char *mode;
};

/* Devices are set up and closed by one thread. */
static struct attachment attachments[PORT_INTERFACES_MAX];
static struct attachment *fresh; /* its device is about to enter its socket */
static int last_error;

static struct attachment *find(int ifindex)
{
    for (size_t i = 0; i < PORT_INTERFACES_MAX; i++)
        if (attachments[i].ifindex == ifindex)
            return &attachments[i];
    return NULL;
}

static int sys_bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
    long ret = syscall(__NR_bpf, cmd, attr, sizeof(*attr));
    return ret < 0 ? -errno : (int)ret;
}

static int make_link(int ifindex, int prog_fd, uint32_t flags)
{
    union bpf_attr attr = {
        .link_create = {
            .prog_fd = (uint32_t)prog_fd, .target_ifindex = (uint32_t)ifindex, .attach_type = BPF_XDP, .flags = flags}};
    return sys_bpf(BPF_LINK_CREATE, &attr);
}

static int attach(int ifindex, int prog_fd)
{
    struct attachment *a = find(0);
    if (!a)
        return -ENOSPC;
    a->mode = "native";
    a->link_fd = make_link(ifindex, prog_fd, XDP_FLAGS_DRV_MODE);
    if (a->link_fd < 0 && a->link_fd != -EBUSY) {
        a->mode = "generic";
        a->link_fd = make_link(ifindex, prog_fd, XDP_FLAGS_SKB_MODE);
    }
    if (a->link_fd < 0)
        return a->link_fd;
    a->ifindex = ifindex;
    a->map_fd = -1;
    fresh = a;
    return 0;
}

int bpf_xdp_attach(int ifindex, int prog_fd, __u32 flags, const struct bpf_xdp_attach_opts *opts)
{
    fresh = find(ifindex); /* a further channel */
    last_error = fresh ? 0 : attach(ifindex, prog_fd);
    return last_error;
}

int bpf_xdp_detach(int ifindex, __u32 flags, const struct bpf_xdp_attach_opts *opts)
{
    xdp_link_drop(ifindex);
    return 0;
}

/* The first of an interface tells which map the attached program reads; the others go there too. */
int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
    if (fresh && fresh->map_fd < 0)
        fresh->map_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (fresh && fresh->map_fd >= 0)
        fd = fresh->map_fd;
    fresh = NULL;
    union bpf_attr attr = {.map_fd = (uint32_t)fd, .key = (uintptr_t)key, .value = (uintptr_t)value, .flags = flags};
    return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

const char *xdp_link_mode(int ifindex)
{
    const struct attachment *a = find(ifindex);
    return a ? a->mode : NULL;
}

int xdp_link_error(void)
{
    return last_error;
}

void xdp_link_drop(int ifindex)
{
    struct attachment *a = find(ifindex);
    if (!a)
        return;
    close(a->link_fd);
    if (a->map_fd >= 0)
        close(a->map_fd);
    if (fresh == a)
        fresh = NULL;
    *a = (struct attachment){0};
}
