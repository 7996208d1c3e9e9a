package grammar

// The formats of strings that are served, as patterns over the whole string.
const (
	octet   = `(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`
	leap    = `(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)`
	date    = `(?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|` + leap + `-02-29)`
	clock   = `(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[zZ]|[+-](?:[01]\d|2[0-3]):[0-5]\d)`
	mailbox = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
	label   = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	address = `(?=[^@]{1,64}@)` + mailbox + `+(?:\.` + mailbox + `+)*@` + label + `(?:\.` + label + `){0,3}`
)

var formats = map[string]string{
	"date":      date,
	"time":      clock,
	"date-time": date + `[tT]` + clock,
	"uuid":      `[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`,
	"email":     address,
	"ipv4":      octet + `\.` + octet + `\.` + octet + `\.` + octet,
}
