/* SPDX-License-Identifier: MIT */
/* roomline-mixer: the recording of a room as one picture with one sound. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <libavutil/log.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder/mix/config.h"
#include "recorder/mix/mix.h"
#include "recorder/mix/tracks_info.h"

#define EXIT_USAGE     2
#define EXIT_NO_FILE   64 /* as the scripts of old know them */
#define EXIT_NO_CONFIG 65

struct args {
    const char *conf, *out, *uri, *file;
    enum progress_kind progress;
    bool tracks_info, callback_url;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

static void print_help(const char *program)
{
    printf("%s [OPTION]... FILE: mixes the recording of a room into FILE-mixed.mp4 beside it, and prints what became\n"
           "of it as one line of JSON\n"
           "  --conf FILE           what the mix shall be like (conf/offline_mixer.json); without: the defaults\n"
           "  --out FILE            name of the mix\n"
           "  --uri URI             to be repeated in what is printed\n"
           "  --progress KIND       auto (a bar on a terminal), bar, json (lines on stdout), none\n"
           "  --show-tracks-info    print what the tracks of FILE hold as JSON, and mix nothing\n"
           "  --show-callback-url   print the configured callbackUrl, and mix nothing\n"
           "  --version, --help\n"
           "Exit status: 0, 64: FILE is not there, 65: the configuration is not there or wrong, 2: wrong arguments,\n"
           "1: anything else.\n"
           "Keys of the configuration (and their defaults):\n",
           program);
    config_describe(stdout);
}

static bool parse_progress(const char *word, enum progress_kind *kind)
{
    static const char *const words[] = {[PROGRESS_NONE] = "none", [PROGRESS_BAR] = "bar", [PROGRESS_JSON] = "json"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0) {
            *kind = (enum progress_kind)i;
            return true;
        }
    }
    *kind = isatty(STDERR_FILENO) ? PROGRESS_BAR : PROGRESS_NONE;
    return strcmp(word, "auto") == 0;
}

/* -1: go on; else the status to exit with. */
static int parse_args(struct args *args, int argc, char **argv)
{
    static const struct option options[] = {
        {"conf", required_argument, NULL, 'c'},
        {"out", required_argument, NULL, 'o'},
        {"uri", required_argument, NULL, 'u'},
        {"progress", required_argument, NULL, 'p'},
        {"show-tracks-info", no_argument, NULL, 't'},
        {"show-callback-url", no_argument, NULL, 'l'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    bool ok = parse_progress("auto", &args->progress);
    for (int c; ok && (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'h' || c == 'v') {
            if (c == 'h')
                print_help(argv[0]);
            else
                puts("roomline " ROOMLINE_VERSION);
            return 0;
        }
        args->conf = c == 'c' ? optarg : args->conf;
        args->out = c == 'o' ? optarg : args->out;
        args->uri = c == 'u' ? optarg : args->uri;
        args->tracks_info |= c == 't';
        args->callback_url |= c == 'l';
        ok = c != '?' && (c != 'p' || parse_progress(optarg, &args->progress));
    }
    args->file = ok && optind == argc - 1 ? argv[optind] : NULL;
    if (ok && (args->file || (args->callback_url && optind == argc)))
        return -1;
    fprintf(stderr, "%s: wrong arguments; see --help\n", argv[0]);
    return EXIT_USAGE;
}

static int complain(const char *about, const char *what, int status)
{
    fprintf(stderr, "roomline-mixer: %s: %s\n", about, what);
    return status;
}

static json_t *text_or_empty(const char *text)
{
    json_t *json = json_string(text); /* NULL: not UTF-8 */
    return json ? json : json_string("");
}

static void print_result(const struct args *args, const struct mix_result *r)
{
    char *path = realpath(r->path, NULL);
    json_t *line = json_pack("{s:o, s:o, s:I, s:I, s:I}", "file", text_or_empty(path ? path : r->path), "uri",
                             text_or_empty(args->uri ? args->uri : ""), "durationMs", (json_int_t)r->duration_ms,
                             "bytes", (json_int_t)r->bytes, "startUnixMs", (json_int_t)r->start_unix_ms);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
    free(path);
}

static int mix(const struct args *args, const struct config *config)
{
    struct mix_job job = {
        .file = args->file, .out = args->out, .config = config, .progress = args->progress, .stop = &stop};
    struct mix_result result;
    char err[MIX_ERR_BYTES] = "";
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (mix_run(&job, &result, err))
        return complain(args->file, err, EXIT_FAILURE);
    print_result(args, &result);
    return 0;
}

static int show_tracks(const struct args *args)
{
    char err[TRACKS_INFO_ERR_BYTES] = "";
    return tracks_info_print(args->file, stdout, err) ? complain(args->file, err, EXIT_FAILURE) : 0;
}

int main(int argc, char **argv)
{
    struct args args = {0};
    struct config config;
    char err[CONFIG_ERR_BYTES] = "";
    int status = parse_args(&args, argc, argv);
    if (status >= 0)
        return status;
    av_log_set_level(AV_LOG_FATAL);
    config_defaults(&config);
    if (args.conf && config_load(&config, args.conf, err))
        return complain(args.conf, err, EXIT_NO_CONFIG);
    if (args.callback_url)
        return puts(config.callback_url) < 0;
    if (access(args.file, R_OK))
        return complain(args.file, strerror(errno), EXIT_NO_FILE);
    return args.tracks_info ? show_tracks(&args) : mix(&args, &config);
}
