/* What the native targets share: an interpreter that holds the compiled modules, and buffers.
 *
 * A target calls find_block, decode_members and their like as Python code does, in the extension
 * modules that setup.py builds, only with clang's sanitizers and coverage. So the checks of
 * arguments are fuzzed along with the code after them, and nothing is split or copied for the
 * fuzzer's sake. A call through the interpreter costs about a microsecond. Every buffer is an
 * allocation of exactly its size, which AddressSanitizer guards on both sides.
 */
#ifndef IDXFAST_FUZZ_EMBEDDING_H
#define IDXFAST_FUZZ_EMBEDDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a target requires of the modules. */
#define REQUIRE(condition)                                                           \
    do {                                                                             \
        if (!(condition)) {                                                          \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                 \
        }                                                                            \
    } while (0)

static inline void fail_with_python_error(void) {
    PyErr_Print();
    abort();
}

/* A function of a compiled module; the interpreter starts with the first one. */
static inline PyObject *import_function(const char *module, const char *name) {
    if (!Py_IsInitialized()) {
        Py_InitializeEx(0);
    }
    char name_of_module[64];
    snprintf(name_of_module, sizeof(name_of_module), "idxfast.native.%s", module);
    PyObject *imported = PyImport_ImportModule(name_of_module);
    PyObject *function = imported ? PyObject_GetAttrString(imported, name) : NULL;
    if (function == NULL) {
        fail_with_python_error();
    }
    return function;
}

/* A method of a class there; it is called with the object first. */
static inline PyObject *import_method(const char *module, const char *name_of_class,
                                      const char *name) {
    PyObject *class = import_function(module, name_of_class);
    PyObject *method = PyObject_GetAttrString(class, name);
    Py_DECREF(class);
    if (method == NULL) {
        fail_with_python_error();
    }
    return method;
}

/* A number that a compiled module states. */
static inline long import_number(const char *module, const char *name) {
    PyObject *number = import_function(module, name);
    long value = PyLong_AsLong(number);
    Py_DECREF(number);
    return value;
}

/* The result of a call; NULL if it raised ValueError, by which a module refuses arguments. The format
 * is that of a tuple, or of a tuple and a dict: the arguments that are given by name. */
static inline PyObject *call(PyObject *function, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    PyObject *built = Py_VaBuildValue(format, arguments), *result = NULL;
    va_end(arguments);
    if (built != NULL && strchr(format, '{')) {
        result = PyObject_Call(function, PyTuple_GetItem(built, 0), PyTuple_GetItem(built, 1));
    } else if (built != NULL) {
        result = PyObject_Call(function, built, NULL);
    }
    Py_XDECREF(built);
    if (result == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_ValueError)) {
            fail_with_python_error();
        }
        PyErr_Clear();
    }
    return result;
}

static inline long take_number(PyObject *number) {
    REQUIRE(number != NULL);
    long value = PyLong_AsLong(number);
    Py_DECREF(number);
    return value;
}

static inline long item(PyObject *tuple, Py_ssize_t index) {
    return PyLong_AsLong(PyTuple_GetItem(tuple, index));
}

/* Memory of exactly `size` bytes, as Python sees it. */
struct buffer {
    uint8_t *data;
    size_t size;
    PyObject *view;
};

static inline struct buffer new_buffer(size_t size, int access) {
    struct buffer buffer = {malloc(size), size, NULL};
    REQUIRE(buffer.data != NULL);
    buffer.view = PyMemoryView_FromMemory((char *)buffer.data, (Py_ssize_t)size, access);
    if (buffer.view == NULL) {
        fail_with_python_error();
    }
    return buffer;
}

static inline struct buffer copy_of(const uint8_t *data, size_t size) {
    struct buffer buffer = new_buffer(size, PyBUF_READ);
    if (size) {
        memcpy(buffer.data, data, size);
    }
    return buffer;
}

static inline void free_buffer(struct buffer *buffer) {
    REQUIRE(Py_REFCNT(buffer->view) == 1);  /* nobody keeps it */
    Py_DECREF(buffer->view);
    free(buffer->data);
}

/* The numbers that steer a call are at the end of an input, so that its start is a file. */
static inline uint32_t take_from_end(const uint8_t *data, size_t *size, int count) {
    uint32_t number = 0;
    while (count-- && *size) {
        number = number << 8 | data[--*size];
    }
    return number;
}

#endif
