using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Reelseal.Local.Edge.Signing;

/// <summary>One IPv4 address or a range of them in CIDR notation (RFC 4632); CloudFront's policies do not support IPv6.</summary>
internal readonly record struct AddressRange(uint Address, int PrefixLength)
{
    public static AddressRange? Parse(string text)
    {
        var slash = text.IndexOf('/');
        var prefixLength = 32;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefixLength) || prefixLength > 32))
            return null;
        var address = slash < 0 ? text : text[..slash];
        return address.Count(c => c == '.') == 3 && IPAddress.TryParse(address, out var parsed) && Number(parsed) is { } number
            ? new(number, prefixLength)
            : null;
    }

    public bool Contains(IPAddress address) =>
        Number(address) is { } number && (PrefixLength == 0 || (number ^ Address) >> (32 - PrefixLength) == 0);

    private static uint? Number(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetwork ? BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) : null;
    }
}
