/* Huge pages for small allocations; nothing happens where the system has none (only Linux does). */
#ifndef IDXFAST_PAGES_H
#define IDXFAST_PAGES_H

#include <stdint.h>
#include <stdlib.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

/* Let what malloc gives next, so many bytes of it, be in huge pages: numpy asks for them for large
   arrays alone. The memory is taken, and given back without having been touched. */
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
    /* Advice: if the kernel does not take it, all is as it was. */
    madvise((void *)start, stop - start, MADV_HUGEPAGE);
    free(memory);
#else
    (void)size;
#endif
}

#endif
