/* Files and folders, each in a few system calls; on Windows, Python opens them. */
#ifndef IDXFAST_FILES_H
#define IDXFAST_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The most bytes at the start of a file that `is_unchanged` compares. */
#define MAX_COMPARED 4096

#ifndef _WIN32

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HAS_FILES 1
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC)

/* A descriptor, or -1 with errno set, as for a folder. The size is 0 if the file is not regular. */
static int open_with_size(const char *path, int64_t *size) {
    struct stat status;
    int descriptor = open(path, OPEN_FLAGS);
    if (descriptor < 0) {
        return -1;
    }
    *size = 0;
    if (fstat(descriptor, &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            close(descriptor);
            errno = EISDIR;
            return -1;
        }
        *size = S_ISREG(status.st_mode) ? (int64_t)status.st_size : 0;
    }
    return descriptor;
}

/* Read and close; return the number of bytes, or -1 with errno set. */
static ptrdiff_t read_and_close(int descriptor, char *out, size_t count) {
    size_t done = 0;
    ssize_t n = 1;
    int error;
    while (done < count && n) {
        n = read(descriptor, out + done, count - done);
        if (n < 0 && errno != EINTR) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    error = errno;
    close(descriptor);
    errno = error;
    return n < 0 ? -1 : (ptrdiff_t)done;
}

/* Linux reads at most 0x7ffff000 bytes in one call, macOS less than 2^31. */
#define MAX_READ ((size_t)1 << 30)

/* Read from an offset; return how many bytes there were, or -1 with errno set. */
static ptrdiff_t read_from(int descriptor, char *out, size_t count, int64_t offset) {
    size_t done = 0;
    while (done < count) {
        size_t most = count - done < MAX_READ ? count - done : MAX_READ;
        ssize_t n = pread(descriptor, out + done, most, (off_t)(offset + (int64_t)done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    return (ptrdiff_t)done;
}

/* Read the rows of these numbers, `size` bytes each, from the table that starts at an offset. Rows
 * that follow each other in the file are read in one call. Return how many bytes came before the
 * first that is missing, or -1 with errno set. */
static ptrdiff_t read_rows_from(int descriptor, char *out, size_t size, int64_t offset,
                                const int64_t *rows, size_t count) {
    size_t first = 0, next;
    while (first < count) {
        size_t wanted;
        ptrdiff_t n;
        for (next = first + 1; next < count && rows[next] == rows[next - 1] + 1; next++) {
        }
        wanted = (next - first) * size;
        n = read_from(descriptor, out + first * size, wanted, offset + rows[first] * (int64_t)size);
        if (n < 0) {
            return -1;
        }
        if ((size_t)n < wanted) {
            return (ptrdiff_t)(first * size) + n;
        }
        first = next;
    }
    return (ptrdiff_t)(count * size);
}

/* The size of a file, when it was last written to, in nanoseconds, and the numbers of its device
 * and of its inode; return 0, or -1 with errno set. */
static int get_state(int descriptor, int64_t *size, int64_t *written, uint64_t *device,
                     uint64_t *inode) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) {
        return -1;
    }
    *size = (int64_t)status.st_size;
    *device = (uint64_t)status.st_dev;
    *inode = (uint64_t)status.st_ino;
#ifdef __APPLE__
    const struct timespec time = status.st_mtimespec;
#else
    const struct timespec time = status.st_mtim;
#endif
    /* Without a sign: after the year 2262, the number wraps round. */
    *written = (int64_t)((uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec);
    return 0;
}

/* Whether a file still has a name, has this size, and begins with the `count` bytes of `start`, at
 * most MAX_COMPARED. Return 1 or 0, or -1 with errno set. */
static int is_unchanged(int descriptor, const char *start, size_t count, int64_t size) {
    char buffer[MAX_COMPARED];
    struct stat status;
    ptrdiff_t n;
    if (fstat(descriptor, &status) < 0) {
        return -1;
    }
    if (status.st_nlink == 0 || (int64_t)status.st_size != size) {
        return 0;
    }
    n = read_from(descriptor, buffer, count, 0);
    return n < 0 ? -1 : (size_t)n == count && memcmp(buffer, start, count) == 0;
}

/* Write at an offset; if `wait` is set, wait until the file is on the disk. Return 0, or -1 with
 * errno set. */
static int write_to(int descriptor, const char *data, size_t count, int64_t offset, int wait) {
    size_t done = 0;
    while (done < count) {
        size_t most = count - done < MAX_READ ? count - done : MAX_READ;
        ssize_t n = pwrite(descriptor, data + done, most, (off_t)(offset + (int64_t)done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n < 0 ? errno : EIO;
            return -1;
        }
        done += (size_t)n;
    }
    if (!wait) {
        return 0;
    }
#ifdef __APPLE__
    return fsync(descriptor);
#else
    return fdatasync(descriptor);
#endif
}

/* Have the system begin to write a part of a file to the disk, if it can; return 0, or -1 with errno
 * set. If there is no room for the bytes, Linux says so here, drops them, and says nothing in
 * `fsync`. What fails later, `fsync` reports. */
static int start_write_out(int descriptor, int64_t offset, int64_t count) {
#ifdef SYNC_FILE_RANGE_WRITE
    if (sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE) < 0) {
        /* These come before anything is written: the call is not known or not allowed, or this is
         * no file on a disk. */
        const int harmless[] = {ENOSYS, EINVAL, ESPIPE, EPERM, EOPNOTSUPP, EINTR};
        for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
            if (errno == harmless[i]) return 0;
        }
        return -1;
    }
#endif
    return 0;
}

/* Lock a file, or unlock it; return 0, or -1 with errno set. */
static int lock_descriptor(int descriptor, int is_locked) {
    return flock(descriptor, is_locked ? LOCK_EX : LOCK_UN);
}

/* How many bytes at the start of a file an append changes. */
#define CHANGED 8

/* Write `marked` at the start of a file, then data after its end, then `committed` at the start;
 * each write begins when the one before is on the disk. If one fails, undo all, so that the file
 * begins with `start` again, or leave it marked. Return 0, or -1 with errno set. */
static int append_in_order(int descriptor, const char *start, int64_t size, const char *marked,
                           const char *data, size_t count, const char *committed) {
    int error;
    const int has_items = write_to(descriptor, marked, CHANGED, 0, 1) == 0 &&
                          write_to(descriptor, data, count, size, 1) == 0;
    if (has_items && write_to(descriptor, committed, CHANGED, 0, 1) == 0) {
        return 0;
    }
    error = errno;
    if (write_to(descriptor, marked, CHANGED, 0, 1) < 0) {
        /* The header may count the items already. After EINTR, or if there seem to be no locks,
         * callers would add them a second time. */
        error = has_items ? EIO : error;
    } else if (ftruncate(descriptor, (off_t)size) == 0 && fsync(descriptor) == 0) {
        write_to(descriptor, start, CHANGED, 0, 1);
    }
    errno = error;
    return -1;
}

/* Lock a file, do as `append_in_order` if `is_unchanged`, and unlock the file. Return 1, or 0 if it
 * was changed, or -1 with errno set. */
static int append_unchanged(int descriptor, const char *start, size_t start_size, int64_t size,
                            const char *marked, const char *data, size_t count,
                            const char *committed) {
    int result, error;
    if (lock_descriptor(descriptor, 1) < 0) {
        return -1;
    }
    result = is_unchanged(descriptor, start, start_size, size);
    if (result == 1 &&
        append_in_order(descriptor, start, size, marked, data, count, committed) < 0) {
        result = -1;
    }
    error = errno;
    /* Whether the items are in the file does not depend on this call. */
    while (lock_descriptor(descriptor, 0) < 0 && errno == EINTR) {
    }
    errno = error;
    return result;
}

static void close_descriptor(int descriptor) { close(descriptor); }

/* Whether the system can hold a directory entry without opening it. */
#ifdef __linux__
#define HAS_ENTRIES 1
#define HELD O_PATH
#else
#define HAS_ENTRIES 0
#define HELD O_RDONLY
#endif

/* A folder's descriptor, or -1 with errno set, as for a symbolic link that is not to be followed.
 * `within` is the descriptor of the folder that a relative path starts from, or -1. */
static int open_folder_at(int within, const char *path, int follow) {
    int start = within < 0 ? AT_FDCWD : within;
    int flags = O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    int descriptor = openat(start, path, O_RDONLY | flags);
    if (descriptor < 0 && errno == EACCES) {
        /* The folder may not be listed, but files in it can still be opened by name. */
        descriptor = openat(start, path, HELD | flags);
    }
    return descriptor;
}

/* A descriptor of a directory entry (a symbolic link is not followed), or -1 with errno set. */
static int open_entry_at(int within, const char *name) {
    return openat(within, name, HELD | O_NOFOLLOW | O_CLOEXEC);
}

static void sync_folder(int folder) { fsync(folder); }

#else

#include <errno.h>

#define HAS_FILES 0
#define OPEN_FLAGS 0
#define HAS_ENTRIES 0

static int open_with_size(const char *path, int64_t *size) { return -1; }
static ptrdiff_t read_and_close(int descriptor, char *out, size_t count) { return -1; }
static ptrdiff_t read_from(int descriptor, char *out, size_t count, int64_t offset) { return -1; }
static ptrdiff_t read_rows_from(int descriptor, char *out, size_t size, int64_t offset,
                                const int64_t *rows, size_t count) { return -1; }
static int get_state(int descriptor, int64_t *size, int64_t *written, uint64_t *device,
                     uint64_t *inode) {
    return -1;
}
static int is_unchanged(int descriptor, const char *start, size_t count, int64_t size) {
    return -1;
}
static int write_to(int descriptor, const char *data, size_t count, int64_t offset,
                    int wait) { return -1; }
static int start_write_out(int descriptor, int64_t offset, int64_t count) { return 0; }
static int append_unchanged(int descriptor, const char *start, size_t start_size, int64_t size,
                            const char *marked, const char *data, size_t count,
                            const char *committed) {
    return -1;
}
static int lock_descriptor(int descriptor, int is_locked) {
    errno = ENOSYS;
    return -1;
}
static void close_descriptor(int descriptor) {}
static int open_folder_at(int within, const char *path, int follow) { return -1; }
static int open_entry_at(int within, const char *name) { return -1; }
static void sync_folder(int folder) {}

#endif
#endif
