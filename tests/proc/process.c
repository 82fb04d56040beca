/* SPDX-License-Identifier: MIT */
/* fork, exec, wait; the accounts of /proc. */
#include "tests/proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/peer/loop.h"

int process_start(struct process *p, const char *log, const char *const *argv)
{
    p->status = 0;
    snprintf(p->log, sizeof(p->log), "%s", log);
    p->pid = fork();
    if (p->pid < 0) {
        p->pid = 0;
        return -errno;
    }
    if (p->pid)
        return 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_DFL); /* a shell ignores it for what it runs in the background */
    signal(SIGPIPE, SIG_DFL);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    if (fd < 0)
        _exit(127);
    dup2(null, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    closefrom(3);
    execv(argv[0], (char *const *)argv);
    fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

bool process_runs(struct process *p)
{
    if (!p->pid)
        return false;
    if (waitpid(p->pid, &p->status, WNOHANG) != p->pid)
        return true;
    p->pid = 0;
    return false;
}

int process_stop(struct process *p, int signal_number, int64_t timeout_us)
{
    int64_t until_us = loop_now_us() + timeout_us;
    if (!process_runs(p))
        return p->status;
    kill(p->pid, signal_number);
    while (process_runs(p)) {
        if (loop_now_us() >= until_us) {
            kill(p->pid, SIGKILL);
            waitpid(p->pid, &p->status, 0);
            p->pid = 0;
            return -ETIMEDOUT;
        }
        usleep(1000);
    }
    return p->status;
}

int64_t process_cpu_us(const struct process *p)
{
    char path[64], text[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)p->pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *rest = strrchr(text, ')'); /* the name may hold anything */
    if (!rest || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return -1;
    return (int64_t)(user + system) * 1000000 / sysconf(_SC_CLK_TCK);
}

int64_t process_peak_bytes(const struct process *p)
{
    char path[64], line[128];
    int64_t kbytes = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", p->pid);
    FILE *f = fopen(path, "re");
    while (f && kbytes < 0 && fgets(line, sizeof(line), f))
        sscanf(line, "VmHWM: %ld kB", &kbytes);
    if (f)
        fclose(f);
    return kbytes < 0 ? -1 : kbytes * 1024;
}

static char *read_all(FILE *f)
{
    char *text = NULL, bytes[4096];
    size_t size, n;
    FILE *out = open_memstream(&text, &size);
    while (f && out && (n = fread(bytes, 1, sizeof(bytes), f)) > 0)
        fwrite(bytes, 1, n, out);
    if (out)
        fclose(out);
    return text;
}

char *process_output(const struct process *p)
{
    FILE *f = fopen(p->log, "re");
    char *text = read_all(f);
    if (f)
        fclose(f);
    return text;
}

void process_print_log(const struct process *p, const char *title, unsigned lines)
{
    char *text = process_output(p);
    char *from = text + strlen(text);
    for (unsigned n = 0; from > text && n <= lines; from--)
        n += from[-1] == '\n';
    if (from > text)
        from++;
    printf("# %s:\n", title);
    for (char *line = strtok(from, "\n"); line; line = strtok(NULL, "\n"))
        printf("#     %s\n", line);
    free(text);
}

int process_run(const char *const *argv, char **output)
{
    struct process p = {0};
    char log[] = "/tmp/roomline-run-XXXXXX";
    int fd = mkstemp(log);
    if (fd < 0)
        return -1;
    close(fd);
    int status = -1;
    if (process_start(&p, log, argv) == 0 && waitpid(p.pid, &status, 0) == p.pid && output)
        *output = process_output(&p);
    unlink(log);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
