/* Huge pages for small allocations, on Linux; elsewhere nothing happens. */
#ifndef IDXFAST_PAGES_H
#define IDXFAST_PAGES_H

#include <stdint.h>
#include <stdlib.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

/* Have the next `size` bytes that malloc returns be in huge pages; numpy asks for those only for
 * large arrays. The memory is allocated, advised, and freed without being touched. */
static void ask_for_huge_pages(size_t size) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = 4096;
    uintptr_t start, stop;
    void *memory = malloc(size);
    if (memory == NULL) {
        return;
    }
    start = ((uintptr_t)memory + page - 1) / page * page;
    stop = ((uintptr_t)memory + size) / page * page;
    /* If the kernel ignores the advice, nothing changes. */
    madvise((void *)start, stop - start, MADV_HUGEPAGE);
    free(memory);
#else
    (void)size;
#endif
}

#endif
