package grammar

// derive is what may follow behind the byte b in e: Brzozowski's derivative.
func (x *exprs) derive(e expr, b byte) expr {
	d := x.all[e] // a copy: the table grows below
	switch d.kind {
	case kindSet:
		if d.set.has(b) {
			return exprEmpty
		}
	case kindConcat:
		first := x.pair(x.derive(d.a, b), d.b)
		if !x.all[d.a].nullable {
			return first
		}
		return x.or(first, x.derive(d.b, b))
	case kindOr, kindAnd:
		parts := make([]expr, 0, len(d.list))
		for _, p := range d.list {
			after := x.derive(p, b)
			if after == exprNone {
				if d.kind == kindAnd {
					return exprNone
				}
				continue
			}
			parts = append(parts, after)
		}
		if d.kind == kindOr {
			return x.or(parts...)
		}
		return x.and(parts...)
	case kindNot:
		return x.not(x.derive(d.a, b))
	case kindRepeat:
		hi := int(d.hi)
		if hi != forever {
			hi--
		}
		return x.pair(x.derive(d.a, b), x.repeat(d.a, max(int(d.lo)-1, 0), hi))
	case kindMod:
		if b >= '0' && b <= '9' {
			return x.mod(int(d.lo), (int(d.hi)*10+int(b-'0'))%int(d.lo))
		}
	}
	return exprNone
}

// classes calls visit for every class of first bytes that e does not tell apart.
func (x *exprs) classes(e expr, visit func(lo, hi byte)) {
	bounds := x.all[e].bounds
	for b := 0; b < 256; {
		next := bounds.next(b + 1)
		visit(byte(b), byte(next-1))
		b = next
	}
}

// arcs lists where each byte leads, in rising order, without those behind which
// nothing matches. The slice is the table's.
func (x *exprs) arcs(e expr) []arc {
	if x.all[e].arcsDone {
		return x.all[e].arcs
	}
	var arcs []arc
	x.classes(e, func(lo, hi byte) {
		to := x.derive(e, lo)
		if to == exprNone || !x.live(to) {
			return
		}
		if n := len(arcs) - 1; n >= 0 && arcs[n].to == int32(to) && arcs[n].hi+1 == lo {
			arcs[n].hi = hi
			return
		}
		arcs = append(arcs, arc{lo, hi, int32(to)})
	})
	x.all[e].arcs, x.all[e].arcsDone = arcs, true
	return arcs
}

// live tells whether e matches any text at all.
func (x *exprs) live(e expr) bool {
	d := &x.all[e]
	switch {
	case e == exprNone:
		return false
	case !d.hard || d.nullable:
		return true
	case d.life != 0:
		return d.life == 1
	}
	alive := true
	switch d.kind {
	case kindConcat:
		b := d.b
		alive = x.live(d.a) && x.live(b)
	case kindOr:
		alive = false
		for _, p := range d.list {
			alive = alive || x.live(p)
		}
	case kindRepeat:
		alive = d.lo == 0 || x.live(d.a)
	default:
		alive = x.search(e)
	}
	x.all[e].life = 2
	if alive {
		x.all[e].life = 1
	}
	return alive
}

// search looks for a text that e matches, nearest first.
func (x *exprs) search(e expr) bool {
	seen := map[expr]bool{e: true}
	queue := []expr{e}
	for at := 0; at < len(queue); at++ {
		if at > maxSearch {
			if x.err == nil {
				x.err = errSearch
			}
			return false
		}
		found := false
		x.classes(queue[at], func(lo, _ byte) {
			to := x.derive(queue[at], lo)
			if found || to == exprNone || seen[to] || x.all[to].life == 2 {
				return
			}
			d := &x.all[to]
			if found = d.nullable || !d.hard || d.life == 1; found {
				return
			}
			if d.kind != kindAnd && d.kind != kindNot && d.kind != kindMod {
				found = x.live(to)
				return
			}
			seen[to] = true
			queue = append(queue, to)
		})
		if found {
			return true
		}
	}
	for _, q := range queue { // none of them leads anywhere
		x.all[q].life = 2
	}
	return false
}

// matches tells whether e matches a whole text.
func (x *exprs) matches(e expr, text string) bool {
	for i := 0; i < len(text) && e != exprNone; i++ {
		e = x.derive(e, text[i])
	}
	return x.nullable(e)
}
