/* SPDX-License-Identifier: MIT */
/* Small sockets and programs, made to be refused or thrown away. */
#include "dataplane/xdp_probe.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/util.h"

#define PAGE_BYTES  4096
#define CHUNK_BYTES 2048
#define RING        16 /* descriptors */

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

/* With the flag that ours has. */
static int load_empty_program(void)
{
    static const struct bpf_insn pass[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
        {.code = BPF_JMP | BPF_EXIT},
    };
    union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_XDP,
                           .insns = (uintptr_t)pass,
                           .insn_cnt = ARRAY_SIZE(pass),
                           .license = (uintptr_t) "GPL",
                           .prog_flags = BPF_F_XDP_HAS_FRAGS};
    long fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
    if (fd < 0)
        return -errno;
    close((int)fd);
    return 0;
}

int xdp_permitted(const char **err)
{
    static char text[128];
    int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), ret = fd < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    if (ret == 0)
        ret = load_empty_program();
    if (ret == -EAFNOSUPPORT || ret == -ENOSYS || ret == -EINVAL)
        *err = "this kernel is not fit for AF_XDP: it needs CONFIG_XDP_SOCKETS and bpf(2), Linux 5.18 or later";
    else if (ret == -EPERM || ret == -EACCES)
        *err = XDP_NOT_PERMITTED;
    else if (ret) {
        snprintf(text, sizeof(text), "the kernel refuses an XDP program: %s", strerror(-ret));
        *err = text;
    }
    return ret;
}

bool xdp_may_lock(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    bool may = mlock2(memory, bytes, MLOCK_ONFAULT) == 0; /* what is allowed is checked, nothing is faulted in */
    munmap(memory, bytes);
    return may;
}

static bool set_up(int fd, void *memory)
{
    struct xdp_umem_reg umem = {.addr = (uintptr_t)memory, .len = PAGE_BYTES, .chunk_size = CHUNK_BYTES};
    static const int rings[] = {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING};
    int size = RING;

    bool ok = setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)) == 0;
    for (size_t i = 0; i < ARRAY_SIZE(rings) && ok; i++)
        ok = setsockopt(fd, SOL_XDP, rings[i], &size, sizeof(size)) == 0;
    return ok;
}

/* No XDP program is attached while we ask, so a driver that can has nothing to set up for it yet. */
bool xdp_can_zero_copy(int ifindex)
{
    struct sockaddr_xdp addr = {.sxdp_family = AF_XDP, .sxdp_flags = XDP_ZEROCOPY, .sxdp_ifindex = (uint32_t)ifindex};
    int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    void *memory = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    bool can =
        fd >= 0 && memory != MAP_FAILED && set_up(fd, memory) && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0;
    if (memory != MAP_FAILED)
        munmap(memory, PAGE_BYTES);
    if (fd >= 0)
        close(fd);
    return can;
}
