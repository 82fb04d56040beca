/* SPDX-License-Identifier: MIT */
/* The settings of lo that AF_XDP needs: changed, recorded, put back. */
#include "dataplane/loopback.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/log.h"

#define SETTINGS "/proc/sys/net/ipv4/conf/lo"
#define RECORD   "loopback.sysctl" /* lines of NAME VALUE */

static FILE *held; /* the record, while the settings are ours: locked against others in the same run_dir */

static void record_path(char path[PATH_MAX], const char *run_dir)
{
    snprintf(path, PATH_MAX, "%s/%s", run_dir, RECORD);
}

static int read_setting(const char *name)
{
    char path[128];
    int value;

    snprintf(path, sizeof(path), "%s/%s", SETTINGS, name);
    FILE *f = fopen(path, "re");
    if (!f)
        return -errno;
    if (fscanf(f, "%d", &value) != 1)
        value = -EINVAL;
    fclose(f);
    return value;
}

static int write_setting(const char *name, int value)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", SETTINGS, name);
    FILE *f = fopen(path, "we");
    if (!f)
        return -errno;
    int ret = fprintf(f, "%d\n", value) < 0 ? -errno : 0;
    if (fclose(f) != 0 && ret == 0)
        ret = -errno;
    return ret;
}

/* The record is on disk before the setting changes. */
static int change(const char *name)
{
    int old = read_setting(name);
    if (old != 0)
        return old < 0 ? old : 0;
    if (fprintf(held, "%s %d\n", name, old) < 0 || fflush(held) != 0)
        return -errno;
    int ret = write_setting(name, 1);
    if (ret == 0)
        LOG_WARN(PORT, "net.ipv4.conf.lo changed until we stop name=%s from=%d to=1", name, old);
    return ret;
}

static int take(const char *path)
{
    held = fopen(path, "ae");
    if (!held)
        return -errno;
    if (flock(fileno(held), LOCK_EX | LOCK_NB) == 0)
        return 0;
    int err = -errno;
    fclose(held);
    held = NULL;
    return err;
}

int loopback_open(const char *run_dir, bool localnet, const char **err)
{
    static char text[256];
    char path[PATH_MAX];

    record_path(path, run_dir);
    int ret = take(path);
    if (ret == 0)
        ret = change("accept_local");
    if (ret == 0 && localnet)
        ret = change("route_localnet");
    if (ret) {
        loopback_close(run_dir);
        snprintf(text, sizeof(text),
                 "AF_XDP on lo needs sysctl net.ipv4.conf.lo.accept_local=1%s: %s; or set dataplane.same_host=kernel",
                 localnet ? " and net.ipv4.conf.lo.route_localnet=1" : "", strerror(-ret));
        *err = text;
    }
    return ret;
}

static void put_back(const char *name, int value)
{
    int ret = write_setting(name, value);
    if (ret == 0)
        LOG_INFO(PORT, "net.ipv4.conf.lo put back name=%s to=%d", name, value);
    else
        LOG_WARN(PORT, "net.ipv4.conf.lo not put back name=%s error=%s", name, strerror(-ret));
}

void loopback_close(const char *run_dir)
{
    char path[PATH_MAX], name[32];
    int value;

    record_path(path, run_dir);
    FILE *record = fopen(path, "re");
    if (record && (held || flock(fileno(record), LOCK_EX | LOCK_NB) == 0)) {
        while (fscanf(record, "%31s %d", name, &value) == 2)
            if (strcmp(name, "accept_local") == 0 || strcmp(name, "route_localnet") == 0)
                put_back(name, value);
        unlink(path);
    }
    if (record)
        fclose(record);
    if (held)
        fclose(held);
    held = NULL;
}
