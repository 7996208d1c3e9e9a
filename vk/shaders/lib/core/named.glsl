// NAMED is a name and a number in one, both of which may be macros.
#define NAMED_JOIN(a, b) a##b
#define NAMED(a, b) NAMED_JOIN(a, b)
