/* SPDX-License-Identifier: MIT */
/* The command line that all programs share. */
#include "conf/args.h"

#include <getopt.h>
#include <string.h>

#define EXIT_USAGE 2

static const struct option options[] = {
    {"conf", required_argument, NULL, 'c'}, {"set", required_argument, NULL, 's'},
    {"dump-conf", no_argument, NULL, 'd'},  {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},       {0},
};

static void print_answer(int option, const char *program, const char *role)
{
    if (option == 'v') {
        puts("roomline " ROOMLINE_VERSION);
        return;
    }
    printf("%s: %s\n"
           "  --conf FILE       read this configuration; keys it does not name keep their defaults\n"
           "  --set KEY=VALUE   set one key; may be repeated, what comes later on the line wins\n"
           "  --dump-conf       print every key with its help and effective value, and exit\n"
           "  --version, --help\n",
           program, role);
}

static int complain(const char *program, const char *what)
{
    fprintf(stderr, "%s: %s\n", program, what);
    return EXIT_USAGE;
}

static int set_pair(struct conf *conf, char *pair, char *err, size_t err_bytes)
{
    char *value = strchr(pair, '=');
    if (!value) {
        snprintf(err, err_bytes, "--set: expected KEY=VALUE, found \"%s\"", pair);
        return -1;
    }
    *value = '\0'; /* for as long as the key is looked up */
    int rc = conf_set(conf, pair, value + 1, err, err_bytes);
    *value = '=';
    return rc;
}

int args_parse(struct conf *conf, int argc, char **argv, const char *role)
{
    char err[CONF_ERR_BYTES] = "";
    bool dump = false;
    conf_defaults(conf);
    optind = 0; /* start anew */
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == '?')
            return EXIT_USAGE; /* getopt has said why */
        if (c == 'h' || c == 'v') {
            print_answer(c, argv[0], role);
            return 0;
        }
        dump |= c == 'd';
        if ((c == 'c' && conf_load(conf, optarg, err, sizeof(err))) ||
            (c == 's' && set_pair(conf, optarg, err, sizeof(err))))
            return complain(argv[0], err);
    }
    if (optind < argc)
        return complain(argv[0], "there are no arguments but options; see --help");
    if (dump)
        conf_dump(conf, stdout);
    return dump ? 0 : ARGS_GO_ON;
}
