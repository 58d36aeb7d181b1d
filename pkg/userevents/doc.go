// Package userevents reads the events of the auth service: which users there are, with their
// e-mail addresses and usernames. It needs nothing but the NATS client.
//
//	bus, err := userevents.Connect("nats://127.0.0.1:4222", "social", nil)
//	…
//	defer bus.Close()
//	err = userevents.Consumer{
//		Conn: bus, Stream: "USER_EVENTS", Durable: "social",
//		Handle: func(ctx context.Context, e userevents.Event) error { … },
//	}.Run(ctx)
//
// Each service has a durable consumer of its own, by the name of the service. Its instances
// share it: an event goes to one of them, and the next event to another only after that.
//
// # What a handler may rely on
//
// Events come in the order of the stream, in which those of one user are in the order of
// their versions, one at a time. An event whose handler fails comes again, and nothing comes
// in between. An event may come twice: after a crash, or when it was published again. So a
// handler keeps the highest Version of each user, of deleted ones too, in the transaction
// that applies the event, and ignores an event that is not above it. Then each event counts
// once.
//
// # A copy that is complete
//
// The stream does not have every event: those older than its limit are gone, and an operator or
// a crash may take others. A copy of the users begins with a Snapshot, the auth service's list of
// all users, and follows the events behind it. Position and Bootstrap of a Consumer do that at
// the first start, and again whenever events are gone that the copy had not come to. Package
// userstore keeps such a copy in SQL tables.
package userevents
