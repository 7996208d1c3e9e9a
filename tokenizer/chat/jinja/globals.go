package jinja

// globals are the names every template knows.
var globals = map[string]any{
	"dict":            function(makeDict),
	"joiner":          function(makeJoiner),
	"namespace":       function(makeNamespace),
	"raise_exception": function(raise),
	"range":           function(makeRange),
	"strftime_now":    function(now),
}

func makeRange(f *frame, a args) any {
	from, to, step := int64(0), int64(0), int64(1)
	switch len(a.pos) {
	case 1:
		to = a.int(f, 0, "stop", 0)
	case 3:
		step = a.int(f, 2, "step", 1)
		fallthrough
	case 2:
		from, to = a.int(f, 0, "start", 0), a.int(f, 1, "stop", 0)
	default:
		f.fail("range wants 1 to 3 arguments, not %d", len(a.pos))
	}
	if step == 0 {
		f.fail("range() arg 3 must not be zero")
	}
	n := uint64(0) // the difference may be more than an int64 holds
	if step > 0 && from < to {
		n = (uint64(to)-uint64(from)-1)/uint64(step) + 1
	} else if step < 0 && from > to {
		n = (uint64(from)-uint64(to)-1)/-uint64(step) + 1
	}
	if n > maxRange {
		f.fail("Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	f.slots(int(n))
	out := make(list, n)
	for i := range out {
		out[i] = from + int64(i)*step
	}
	return out
}

func makeDict(f *frame, a args) any {
	f.alloc(frameSize)
	d := &Dict{}
	for _, v := range a.pos {
		from, ok := v.(*Dict)
		if !ok {
			f.fail("dict wants a mapping, not %s", typeName(v))
		}
		for i, k := range from.keys {
			f.put(d, k, from.values[i])
		}
	}
	for _, name := range a.order {
		f.put(d, name, a.named[name])
	}
	return d
}

func makeNamespace(f *frame, a args) any {
	return &namespace{makeDict(f, a).(*Dict)}
}

// makeJoiner is a function that returns nothing the first time and a separator
// from then on.
func makeJoiner(f *frame, a args) any {
	sep, used := a.text(f, 0, "sep", ", "), false
	f.alloc(textSize)
	return function(func(*frame, args) any {
		if !used {
			used = true
			return ""
		}
		return sep
	})
}

// raise is how templates refuse a conversation.
func raise(f *frame, a args) any {
	f.fail("the template says: %s", a.text(f, 0, "message", ""))
	return nil
}

func now(f *frame, a args) any {
	layout := a.text(f, 0, "format", "")
	return f.strftime(f.now(), layout)
}
