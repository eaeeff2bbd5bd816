using Reelseal.Testing;

[assembly: AssemblyFixture(typeof(CephRgw))]
// Each test loads the machine as it needs.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
