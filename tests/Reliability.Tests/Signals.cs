using System.Runtime.InteropServices;

namespace Reelseal.Reliability.Tests;

/// <summary>Signals that .NET cannot send to a process.</summary>
internal static partial class Signals
{
    /// <summary>SIGKILL, to this process alone: its children live on unless it has arranged otherwise.</summary>
    public static void Kill(int process) => Send(process, 9);

    /// <summary>SIGSTOP.</summary>
    public static void Freeze(int process) => Send(process, 19);

    /// <summary>SIGCONT.</summary>
    public static void Thaw(int process) => Send(process, 18);

    private static void Send(int process, int signal) => Assert.Equal(0, SendSignal(process, signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
