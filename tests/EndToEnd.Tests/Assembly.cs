using Reelseal.Testing;

[assembly: AssemblyFixture(typeof(CephRgw))]
// Each test runs ffmpeg, which takes every core.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
