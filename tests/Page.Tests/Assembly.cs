using Reelseal.Page.Tests;
using Reelseal.Testing;

[assembly: AssemblyFixture(typeof(CephRgw))]
[assembly: AssemblyFixture(typeof(Stage))]
// A browser that plays, and ffmpeg, take every core.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
