module dot-ai.test/testapp
go 1.24
