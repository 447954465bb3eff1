/*
 * The floor of a scan of sockets: the system calls that nobody can do without, and nothing else.
 *
 *     floor_sockets ROOT
 *
 * For each socket below ROOT: openat(O_PATH|O_NOFOLLOW) pins it, statx tells its identity (birth time
 * included), a datagram connect through /proc/self/fd/N asks whether anybody is bound to it.  No link is
 * followed.  Prints one line: "live dead unknown seconds".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long live, dead, unknown;
static int probe = -1;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int fresh_probe(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket");
    return fd;
}

static void look(int directory, const char *name)
{
    struct statx seen;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        unknown++;
        return;
    }
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &seen) != 0)
        fail("statx");
    if (!S_ISSOCK(seen.stx_mode)) {
        close(fd);
        return;
    }
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", fd);
    if (connect(probe, (struct sockaddr *)&address, sizeof address) == 0) {
        live++;
        /* Connected now: it cannot ask again. */
        close(probe);
        probe = fresh_probe();
    } else if (errno == EPROTOTYPE || errno == EPERM) {
        live++;
    } else if (errno == ECONNREFUSED) {
        dead++;
    } else {
        unknown++;
    }
    close(fd);
}

static void walk(int fd)
{
    struct dirent *entry;
    DIR *directory = fdopendir(fd);
    if (directory == NULL)
        fail("fdopendir");
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_type == DT_SOCK) {
            look(fd, entry->d_name);
        } else if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
            int below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (below < 0)
                fail("openat");
            walk(below);
        }
    }
    closedir(directory);
}

int main(int count, char **words)
{
    struct timespec begin, end;
    int root;
    if (count != 2) {
        fprintf(stderr, "usage: floor_sockets ROOT\n");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &begin);
    probe = fresh_probe();
    root = open(words[1], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root < 0)
        fail(words[1]);
    walk(root);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%ld %ld %ld %.9f\n", live, dead, unknown,
           (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    return 0;
}
