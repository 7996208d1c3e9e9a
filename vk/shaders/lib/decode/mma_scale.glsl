// The scales of a lane's unit: of parts 0 and 1 (first) and 2 and 3 (second), and
// what is added.
struct Scale { f16vec2 first[2], second[2], first_more, second_more; };
