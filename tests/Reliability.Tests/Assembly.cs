using Reelseal.Reliability.Tests;
using Reelseal.Testing;

[assembly: AssemblyFixture(typeof(CephRgw))]
[assembly: AssemblyFixture(typeof(Systems))]
// Each test loads the machine as it needs.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
