/*
 * The floor of a scan of lock files with content: the system calls that nobody can do without.
 *
 *     floor_locks ROOT [stat]
 *
 * For each regular file below ROOT: openat(O_NOFOLLOW|O_NONBLOCK), read, close, and a check of the pid in its
 * first line with kill(pid, 0).  With "stat", a pid that answers is also compared by its start time, as an
 * honest check has to: open, read, close of /proc/PID/stat.  Prints one line: "live dead unknown seconds".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static long live, dead, unknown;
static int with_stat;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_stat(long pid)
{
    char path[64], text[1024];
    int fd;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, text, sizeof text) < 0)
        fail(path);
    close(fd);
}

static void look(int directory, const char *name)
{
    char text[4097];
    ssize_t size;
    long pid;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        unknown++;
        return;
    }
    size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0) {
        unknown++;
        return;
    }
    text[size] = '\0';
    pid = strtol(text, NULL, 10);
    if (pid <= 0) {
        unknown++;
    } else if (kill((pid_t)pid, 0) == 0 || errno == EPERM) {
        live++;
        if (with_stat)
            read_stat(pid);
    } else {
        dead++;
    }
}

static void walk(int fd)
{
    struct dirent *entry;
    DIR *directory = fdopendir(fd);
    if (directory == NULL)
        fail("fdopendir");
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_type == DT_REG) {
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
    if (count < 2 || count > 3) {
        fprintf(stderr, "usage: floor_locks ROOT [stat]\n");
        return 2;
    }
    with_stat = count == 3;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    root = open(words[1], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root < 0)
        fail(words[1]);
    walk(root);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%ld %ld %ld %.9f\n", live, dead, unknown,
           (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    return 0;
}
