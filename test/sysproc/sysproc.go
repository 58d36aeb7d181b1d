// Package sysproc ties the processes that tests start to the life of the one that starts them.
package sysproc
