using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>Scratch folders, and what is left of them by those who were killed.</summary>
public sealed class WorkspaceTests
{
    [Theory]
    [InlineData(false)] // killed before there was a folder, or when it was just removed
    [InlineData(true)] // killed while the folder was removed, of which the beginning is gone
    public void What_a_killed_process_left_is_removed_wherever_it_stood(bool folder)
    {
        using var work = new TemporaryDirectory();
        string name;
        using (var workspace = Workspace.Create(work.Path))
            name = workspace.Root;
        File.WriteAllText(name + ".lock", "");
        if (folder)
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(name, "out")).FullName, "00000.ts"), "");

        Workspace.RemoveAbandoned(work.Path);

        Assert.Empty(Directory.EnumerateFileSystemEntries(work.Path));
    }

    [Fact]
    public void A_workspace_in_use_stays_until_its_user_is_done_with_it()
    {
        using var work = new TemporaryDirectory();
        using (var workspace = Workspace.Create(work.Path))
        {
            File.WriteAllText(workspace.Source, "");
            Workspace.RemoveAbandoned(work.Path);
            Assert.True(File.Exists(workspace.Source));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(work.Path));
    }
}
